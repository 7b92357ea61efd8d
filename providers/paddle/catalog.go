package paddle

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListProducts lists products.
	ListProducts = list[ListProductsInput, Product]("products.list", "/products")

	// GetProduct returns a product.
	GetProduct = client.Op[ProductInput, Response[Product]]{Name: "products.get", Route: "/products/{product_id}"}

	// CreateProduct makes a product.
	CreateProduct = client.Op[CreateProductInput, Response[Product]]{Name: "products.create", Method: http.MethodPost, Route: "/products"}

	// UpdateProduct changes a product. To archive it, its Status is "archived".
	UpdateProduct = client.Op[UpdateProductInput, Response[Product]]{
		Name: "products.update", Method: http.MethodPatch, Route: "/products/{product_id}",
	}

	// ListPrices lists prices.
	ListPrices = list[ListPricesInput, Price]("prices.list", "/prices")

	// GetPrice returns a price.
	GetPrice = client.Op[PriceInput, Response[Price]]{Name: "prices.get", Route: "/prices/{price_id}"}

	// CreatePrice makes a price of a product.
	CreatePrice = client.Op[CreatePriceInput, Response[Price]]{Name: "prices.create", Method: http.MethodPost, Route: "/prices"}

	// UpdatePrice changes a price. To archive it, its Status is "archived".
	UpdatePrice = client.Op[UpdatePriceInput, Response[Price]]{Name: "prices.update", Method: http.MethodPatch, Route: "/prices/{price_id}"}
)

// Product is what is sold.
type Product struct {
	ID          string         `json:"id"` // "pro_…"
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Type        string         `json:"type"`         // "standard", "custom"
	TaxCategory string         `json:"tax_category"` // "standard", "saas", …
	ImageURL    string         `json:"image_url"`
	Status      string         `json:"status"` // "active", "archived"
	CustomData  map[string]any `json:"custom_data"`
	Prices      []Price        `json:"prices"` // where they are included
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
}

// ListProductsInput says which products to list. Zero fields do not narrow the list.
type ListProductsInput struct {
	ID          []string `query:"id,comma"`
	Status      []string `query:"status,comma"` // "active", "archived"
	TaxCategory []string `query:"tax_category,comma"`
	Type        string   `query:"type"`
	Include     []string `query:"include,comma"` // "prices"
	Paging
}

// ProductInput names a product.
type ProductInput struct {
	ID      string   `path:"product_id"`
	Include []string `query:"include,comma"` // "prices"
}

// CreateProductInput is a new product. Name and TaxCategory are required.
type CreateProductInput struct {
	Name        string         `json:"name"`
	TaxCategory string         `json:"tax_category"`
	Description string         `json:"description,omitempty"`
	Type        string         `json:"type,omitempty"`
	ImageURL    string         `json:"image_url,omitempty"`
	CustomData  map[string]any `json:"custom_data,omitempty"`
}

// UpdateProductInput is what changes of a product.
type UpdateProductInput struct {
	ID          string                `path:"product_id"`
	Name        Patch[string]         `json:"name,omitzero"`
	Description Patch[string]         `json:"description,omitzero"`
	TaxCategory Patch[string]         `json:"tax_category,omitzero"`
	ImageURL    Patch[string]         `json:"image_url,omitzero"`
	Status      Patch[string]         `json:"status,omitzero"`
	CustomData  Patch[map[string]any] `json:"custom_data,omitzero"`
}

// Price is what a product costs.
type Price struct {
	ID                 string          `json:"id"` // "pri_…"
	ProductID          string          `json:"product_id"`
	Name               string          `json:"name"`
	Description        string          `json:"description"` // not shown to customers
	Type               string          `json:"type"`
	UnitPrice          Money           `json:"unit_price"`
	UnitPriceOverrides []PriceOverride `json:"unit_price_overrides"`
	BillingCycle       *Duration       `json:"billing_cycle"` // nil is once
	TrialPeriod        *Duration       `json:"trial_period"`  // nil is none
	TaxMode            string          `json:"tax_mode"`      // "account_setting", "external", "internal"
	Quantity           Quantity        `json:"quantity"`
	Status             string          `json:"status"` // "active", "archived"
	CustomData         map[string]any  `json:"custom_data"`
	Product            *Product        `json:"product"` // where it is included
	CreatedAt          time.Time       `json:"created_at"`
	UpdatedAt          time.Time       `json:"updated_at"`
}

// PriceOverride is a price for some countries.
type PriceOverride struct {
	CountryCodes []string `json:"country_codes"` // ISO 3166-1: "DE"
	UnitPrice    Money    `json:"unit_price"`
}

// Quantity is how many can be bought.
type Quantity struct {
	Minimum int `json:"minimum"`
	Maximum int `json:"maximum"`
}

// ListPricesInput says which prices to list. Zero fields do not narrow the list.
type ListPricesInput struct {
	ID        []string `query:"id,comma"`
	ProductID []string `query:"product_id,comma"`
	Status    []string `query:"status,comma"` // "active", "archived"
	Recurring *bool    `query:"recurring"`
	Type      string   `query:"type"`
	Include   []string `query:"include,comma"` // "product"
	Paging
}

// PriceInput names a price.
type PriceInput struct {
	ID      string   `path:"price_id"`
	Include []string `query:"include,comma"` // "product"
}

// CreatePriceInput is a new price. Description, ProductID and UnitPrice are required.
type CreatePriceInput struct {
	Description        string          `json:"description"` // not shown to customers
	ProductID          string          `json:"product_id"`
	UnitPrice          Money           `json:"unit_price"`
	Name               string          `json:"name,omitempty"`
	Type               string          `json:"type,omitempty"`
	BillingCycle       *Duration       `json:"billing_cycle,omitempty"` // nil is once
	TrialPeriod        *Duration       `json:"trial_period,omitempty"`
	TaxMode            string          `json:"tax_mode,omitempty"`
	UnitPriceOverrides []PriceOverride `json:"unit_price_overrides,omitempty"`
	Quantity           *Quantity       `json:"quantity,omitempty"` // nil is 1 to 100
	CustomData         map[string]any  `json:"custom_data,omitempty"`
}

// UpdatePriceInput is what changes of a price.
type UpdatePriceInput struct {
	ID                 string                 `path:"price_id"`
	Description        Patch[string]          `json:"description,omitzero"`
	Name               Patch[string]          `json:"name,omitzero"`
	UnitPrice          Patch[Money]           `json:"unit_price,omitzero"`
	UnitPriceOverrides Patch[[]PriceOverride] `json:"unit_price_overrides,omitzero"`
	BillingCycle       Patch[Duration]        `json:"billing_cycle,omitzero"`
	TrialPeriod        Patch[Duration]        `json:"trial_period,omitzero"`
	TaxMode            Patch[string]          `json:"tax_mode,omitzero"`
	Quantity           Patch[Quantity]        `json:"quantity,omitzero"`
	Status             Patch[string]          `json:"status,omitzero"`
	CustomData         Patch[map[string]any]  `json:"custom_data,omitzero"`
}
