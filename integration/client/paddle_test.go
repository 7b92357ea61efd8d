package client

import (
	"cmp"
	"context"
	"net/http"
	"testing"
	"time"

	sdk "github.com/PaddleHQ/paddle-go-sdk/v4"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/paddle"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// ofPaddle is an operation, and the same by paddle-go-sdk.
type ofPaddle struct {
	ours func(context.Context, *client.Client) error
	sdks func(context.Context, *sdk.SDK) error
}

// P1: every operation sends what paddle-go-sdk by itself sends: method, path, query,
// credential and body. Where there is nothing to say the SDK sends no body, and an
// operation an empty object. Several values of one parameter are joined by commas, as
// Paddle's documentation has them.
func TestP1_PaddleSendsWhatItsSDKSends(t *testing.T) {
	const at = "2026-12-01T00:00:00Z"
	when, err := time.Parse(time.RFC3339, at)
	require.NoError(t, err)
	items := []paddle.Item{{PriceID: "pri_1", Quantity: 2}}
	fromCatalog := []sdk.CreateTransactionItems{*sdk.NewCreateTransactionItemsTransactionItemFromCatalog(&sdk.TransactionItemFromCatalog{PriceID: "pri_1", Quantity: 2})}
	inUpdate := []sdk.UpdateSubscriptionItems{*sdk.NewUpdateSubscriptionItemsSubscriptionUpdateItemFromCatalog(&sdk.SubscriptionUpdateItemFromCatalog{PriceID: "pri_1", Quantity: 2})}
	inPreview := []sdk.PreviewSubscriptionUpdateItems{*sdk.NewPreviewSubscriptionUpdateItemsSubscriptionUpdateItemFromCatalog(&sdk.SubscriptionUpdateItemFromCatalog{PriceID: "pri_1", Quantity: 2})}
	inCharge := []sdk.CreateSubscriptionChargeItems{*sdk.NewCreateSubscriptionChargeItemsSubscriptionChargeItemFromCatalog(&sdk.SubscriptionChargeItemFromCatalog{PriceID: "pri_1", Quantity: 2})}
	inChargePreview := []sdk.PreviewSubscriptionChargeItems{*sdk.NewPreviewSubscriptionChargeItemsSubscriptionChargeItemFromCatalog(&sdk.SubscriptionChargeItemFromCatalog{PriceID: "pri_1", Quantity: 2})}
	money := paddle.Money{Amount: "1000", CurrencyCode: "USD"}
	custom := map[string]any{"order": "1042", "n": 1.5}
	monthly := &paddle.Duration{Interval: "month", Frequency: 1}
	yes := true

	cases := map[string]ofPaddle{
		"products.list": {
			listsPaddle(paddle.ListProducts, paddle.ListProductsInput{ID: []string{"pro_1"}, Status: []string{"active"}, TaxCategory: []string{"saas"}, Type: "standard", Include: []string{"prices"}, Paging: paddle.Paging{PerPage: 5, OrderBy: "id[ASC]"}}),
			byPaddleGo(sdk.SDK.ListProducts, &sdk.ListProductsRequest{ID: []string{"pro_1"}, Status: []string{"active"}, TaxCategory: []string{"saas"}, Type: sdk.PtrTo("standard"), IncludePrices: true, PerPage: sdk.PtrTo(5), OrderBy: sdk.PtrTo("id[ASC]")}),
		},
		"products.get": {
			onPaddle(paddle.GetProduct, paddle.ProductInput{ID: "pro_1", Include: []string{"prices"}}),
			byPaddleGo(sdk.SDK.GetProduct, &sdk.GetProductRequest{ProductID: "pro_1", IncludePrices: true}),
		},
		"products.create": {
			onPaddle(paddle.CreateProduct, paddle.CreateProductInput{Name: "<ü> &", TaxCategory: "saas", Description: "d", Type: "custom", ImageURL: "https://example.com/a.png", CustomData: custom}),
			byPaddleGo(sdk.SDK.CreateProduct, &sdk.CreateProductRequest{Name: "<ü> &", TaxCategory: "saas", Description: sdk.PtrTo("d"), Type: sdk.PtrTo(sdk.CatalogTypeCustom), ImageURL: sdk.PtrTo("https://example.com/a.png"), CustomData: custom}),
		},
		"products.update": {
			onPaddle(paddle.UpdateProduct, paddle.UpdateProductInput{ID: "pro_1", Name: paddle.Set("n"), Description: paddle.Null[string](), Status: paddle.Set("archived"), CustomData: paddle.Set(custom)}),
			byPaddleGo(sdk.SDK.UpdateProduct, &sdk.UpdateProductRequest{ProductID: "pro_1", Name: sdk.NewPatchField("n"), Description: sdk.NewNullPatchField[*string](), Status: sdk.NewPatchField(sdk.StatusArchived), CustomData: sdk.NewPatchField[sdk.CustomData](custom)}),
		},
		"prices.list": {
			listsPaddle(paddle.ListPrices, paddle.ListPricesInput{ProductID: []string{"pro_1"}, Recurring: &yes, Include: []string{"product"}}),
			byPaddleGo(sdk.SDK.ListPrices, &sdk.ListPricesRequest{ProductID: []string{"pro_1"}, Recurring: &yes, IncludeProduct: true}),
		},
		"prices.get": {
			onPaddle(paddle.GetPrice, paddle.PriceInput{ID: "pri_1"}),
			byPaddleGo(sdk.SDK.GetPrice, &sdk.GetPriceRequest{PriceID: "pri_1"}),
		},
		"prices.create": {
			onPaddle(paddle.CreatePrice, paddle.CreatePriceInput{Description: "d", ProductID: "pro_1", UnitPrice: money, Name: "n", BillingCycle: monthly, TaxMode: "internal",
				UnitPriceOverrides: []paddle.PriceOverride{{CountryCodes: []string{"DE"}, UnitPrice: money}}, Quantity: &paddle.Quantity{Minimum: 1, Maximum: 9}}),
			byPaddleGo(sdk.SDK.CreatePrice, &sdk.CreatePriceRequest{Description: "d", ProductID: "pro_1", UnitPrice: sdk.Money{Amount: "1000", CurrencyCode: "USD"}, Name: sdk.PtrTo("n"),
				BillingCycle: &sdk.Duration{Interval: "month", Frequency: 1}, TaxMode: sdk.PtrTo(sdk.TaxModeInternal),
				UnitPriceOverrides: []sdk.UnitPriceOverride{{CountryCodes: []sdk.CountryCode{"DE"}, UnitPrice: sdk.Money{Amount: "1000", CurrencyCode: "USD"}}}, Quantity: &sdk.PriceQuantity{Minimum: 1, Maximum: 9}}),
		},
		"prices.update": {
			onPaddle(paddle.UpdatePrice, paddle.UpdatePriceInput{ID: "pri_1", UnitPrice: paddle.Set(money), TrialPeriod: paddle.Null[paddle.Duration]()}),
			byPaddleGo(sdk.SDK.UpdatePrice, &sdk.UpdatePriceRequest{PriceID: "pri_1", UnitPrice: sdk.NewPatchField(sdk.Money{Amount: "1000", CurrencyCode: "USD"}), TrialPeriod: sdk.NewNullPatchField[*sdk.Duration]()}),
		},
		"customers.list": {
			listsPaddle(paddle.ListCustomers, paddle.ListCustomersInput{Email: []string{"a+b@example.com"}, Search: "Ada L"}),
			byPaddleGo(sdk.SDK.ListCustomers, &sdk.ListCustomersRequest{Email: []string{"a+b@example.com"}, Search: sdk.PtrTo("Ada L")}),
		},
		"customers.get": {
			onPaddle(paddle.GetCustomer, paddle.CustomerInput{ID: "ctm_1"}),
			byPaddleGo(sdk.SDK.GetCustomer, &sdk.GetCustomerRequest{CustomerID: "ctm_1"}),
		},
		"customers.create": {
			onPaddle(paddle.CreateCustomer, paddle.CreateCustomerInput{Email: "a@example.com", Name: "Ada", Locale: "en"}),
			byPaddleGo(sdk.SDK.CreateCustomer, &sdk.CreateCustomerRequest{Email: "a@example.com", Name: sdk.PtrTo("Ada"), Locale: sdk.PtrTo("en")}),
		},
		"customers.update": {
			onPaddle(paddle.UpdateCustomer, paddle.UpdateCustomerInput{ID: "ctm_1", Name: paddle.Null[string](), Email: paddle.Set("b@example.com")}),
			byPaddleGo(sdk.SDK.UpdateCustomer, &sdk.UpdateCustomerRequest{CustomerID: "ctm_1", Name: sdk.NewNullPatchField[*string](), Email: sdk.NewPatchField("b@example.com")}),
		},
		"portalSessions.create": {
			onPaddle(paddle.CreatePortalSession, paddle.CreatePortalSessionInput{CustomerID: "ctm_1", SubscriptionIDs: []string{"sub_1"}}),
			byPaddleGo(sdk.SDK.CreateCustomerPortalSession, &sdk.CreateCustomerPortalSessionRequest{CustomerID: "ctm_1", SubscriptionIDs: []string{"sub_1"}}),
		},
		"transactions.list": {
			listsPaddle(paddle.ListTransactions, paddle.ListTransactionsInput{CustomerID: []string{"ctm_1"}, SubscriptionID: []string{"null"}, Status: []string{"billed"}, CollectionMode: "manual", Include: []string{"customer"}, Paging: paddle.Paging{PerPage: 30}}),
			byPaddleGo(sdk.SDK.ListTransactions, &sdk.ListTransactionsRequest{CustomerID: []string{"ctm_1"}, SubscriptionID: []string{"null"}, Status: []string{"billed"}, CollectionMode: sdk.PtrTo("manual"), IncludeCustomer: true, PerPage: sdk.PtrTo(30)}),
		},
		"transactions.get": {
			onPaddle(paddle.GetTransaction, paddle.TransactionInput{ID: "txn_1", Include: []string{"adjustments_totals"}}),
			byPaddleGo(sdk.SDK.GetTransaction, &sdk.GetTransactionRequest{TransactionID: "txn_1", IncludeAdjustmentsTotals: true}),
		},
		"transactions.create": {
			onPaddle(paddle.CreateTransaction, paddle.CreateTransactionInput{Include: []string{"customer"}, Items: items, CustomerID: "ctm_1", AddressID: "add_1", BusinessID: "biz_1", DiscountID: "dsc_1", CurrencyCode: "USD",
				CollectionMode: "manual", Status: "billed", BillingDetails: &paddle.BillingDetails{EnableCheckout: true, PurchaseOrderNumber: "PO", AdditionalInformation: "i", PaymentTerms: paddle.Duration{Interval: "day", Frequency: 14}},
				BillingPeriod: &paddle.Period{StartsAt: when, EndsAt: when}, Checkout: &paddle.Checkout{URL: "https://example.com/pay"}, CustomData: custom}),
			byPaddleGo(sdk.SDK.CreateTransaction, &sdk.CreateTransactionRequest{IncludeCustomer: true, Items: fromCatalog, CustomerID: sdk.PtrTo("ctm_1"), AddressID: sdk.PtrTo("add_1"), BusinessID: sdk.PtrTo("biz_1"), DiscountID: sdk.PtrTo("dsc_1"), CurrencyCode: sdk.PtrTo(sdk.CurrencyCodeUSD),
				CollectionMode: sdk.PtrTo(sdk.CollectionModeManual), Status: sdk.PtrTo(sdk.TransactionStatusBilled), BillingDetails: &sdk.BillingDetails{EnableCheckout: true, PurchaseOrderNumber: "PO", AdditionalInformation: sdk.PtrTo("i"), PaymentTerms: sdk.Duration{Interval: "day", Frequency: 14}},
				BillingPeriod: &sdk.TimePeriod{StartsAt: at, EndsAt: at}, Checkout: &sdk.TransactionCheckout{URL: sdk.PtrTo("https://example.com/pay")}, CustomData: custom}),
		},
		"transactions.update": {
			onPaddle(paddle.UpdateTransaction, paddle.UpdateTransactionInput{ID: "txn_1", Status: paddle.Set("canceled"), DiscountID: paddle.Null[string](), CustomerID: paddle.Set("ctm_2")}),
			byPaddleGo(sdk.SDK.UpdateTransaction, &sdk.UpdateTransactionRequest{TransactionID: "txn_1", Status: sdk.NewPatchField(sdk.TransactionStatusCanceled), DiscountID: sdk.NewNullPatchField[*string](), CustomerID: sdk.NewPtrPatchField("ctm_2")}),
		},
		"transactions.preview": {
			onPaddle(paddle.PreviewTransaction, paddle.PreviewTransactionInput{Items: []paddle.PreviewItem{{PriceID: "pri_1", Quantity: 2, IncludeInTotals: &yes}}, Address: &paddle.PreviewAddress{CountryCode: "DE", PostalCode: "10115"}, CurrencyCode: "EUR", IgnoreTrials: true}),
			byPaddleGo(sdk.SDK.PreviewTransactionCreate, sdk.NewPreviewTransactionCreateRequestTransactionPreviewByAddress(&sdk.TransactionPreviewByAddress{
				Items:   []sdk.TransactionPreviewByAddressItems{*sdk.NewTransactionPreviewByAddressItemsTransactionPreviewItemFromCatalog(&sdk.TransactionPreviewItemFromCatalog{PriceID: "pri_1", Quantity: 2, IncludeInTotals: true})},
				Address: sdk.AddressPreview{CountryCode: "DE", PostalCode: sdk.PtrTo("10115")}, CurrencyCode: sdk.PtrTo(sdk.CurrencyCodeEUR), IgnoreTrials: true})),
		},
		"transactions.invoice": {
			onPaddle(paddle.GetInvoice, paddle.InvoiceInput{TransactionID: "txn_1", Disposition: "inline"}),
			byPaddleGo(sdk.SDK.GetTransactionInvoice, &sdk.GetTransactionInvoiceRequest{TransactionID: "txn_1", Disposition: sdk.PtrTo("inline")}),
		},
		"subscriptions.list": {
			listsPaddle(paddle.ListSubscriptions, paddle.ListSubscriptionsInput{CustomerID: []string{"ctm_1"}, PriceID: []string{"pri_1"}, Status: []string{"active"}, ScheduledChange: []string{"cancel"}}),
			byPaddleGo(sdk.SDK.ListSubscriptions, &sdk.ListSubscriptionsRequest{CustomerID: []string{"ctm_1"}, PriceID: []string{"pri_1"}, Status: []string{"active"}, ScheduledChangeAction: []string{"cancel"}}),
		},
		"subscriptions.get": {
			onPaddle(paddle.GetSubscription, paddle.SubscriptionInput{ID: "sub_1", Include: []string{"next_transaction"}}),
			byPaddleGo(sdk.SDK.GetSubscription, &sdk.GetSubscriptionRequest{SubscriptionID: "sub_1", IncludeNextTransaction: true}),
		},
		"subscriptions.update": {
			onPaddle(paddle.UpdateSubscription, paddle.UpdateSubscriptionInput{ID: "sub_1", Items: paddle.Set(items), ProrationBillingMode: "prorated_immediately", OnPaymentFailure: "apply_change",
				NextBilledAt: paddle.Set(when), Discount: paddle.Set(paddle.AddDiscount{ID: "dsc_1", EffectiveFrom: "immediately"}), ScheduledChange: paddle.Null[struct{}]()}),
			byPaddleGo(sdk.SDK.UpdateSubscription, &sdk.UpdateSubscriptionRequest{SubscriptionID: "sub_1", Items: sdk.NewPatchField(inUpdate), ProrationBillingMode: sdk.NewPatchField(sdk.ProrationBillingModeProratedImmediately), OnPaymentFailure: sdk.NewPatchField(sdk.SubscriptionOnPaymentFailureApplyChange),
				NextBilledAt: sdk.NewPatchField(at), Discount: sdk.NewPtrPatchField(sdk.SubscriptionDiscountEffectiveFrom{ID: "dsc_1", EffectiveFrom: sdk.EffectiveFromImmediately}), ScheduledChange: sdk.NewNullPatchField[*sdk.SubscriptionScheduledChange]()}),
		},
		"subscriptions.previewUpdate": {
			onPaddle(paddle.PreviewSubscriptionUpdate, paddle.UpdateSubscriptionInput{ID: "sub_1", Items: paddle.Set(items), ProrationBillingMode: "do_not_bill"}),
			byPaddleGo(sdk.SDK.PreviewSubscriptionUpdate, &sdk.PreviewSubscriptionUpdateRequest{SubscriptionID: "sub_1", Items: sdk.NewPatchField(inPreview), ProrationBillingMode: sdk.NewPatchField(sdk.ProrationBillingModeDoNotBill)}),
		},
		"subscriptions.pause": {
			onPaddle(paddle.PauseSubscription, paddle.PauseSubscriptionInput{ID: "sub_1", EffectiveFrom: "immediately", ResumeAt: when}),
			byPaddleGo(sdk.SDK.PauseSubscription, &sdk.PauseSubscriptionRequest{SubscriptionID: "sub_1", EffectiveFrom: sdk.PtrTo(sdk.EffectiveFromImmediately), ResumeAt: sdk.PtrTo(at)}),
		},
		"subscriptions.resume": {
			onPaddle(paddle.ResumeSubscription, paddle.ResumeSubscriptionInput{ID: "sub_1", EffectiveFrom: at}),
			byPaddleGo(sdk.SDK.ResumeSubscription, sdk.NewResumeSubscriptionRequestResumeOnASpecificDate("sub_1", &sdk.ResumeOnASpecificDate{EffectiveFrom: at})),
		},
		"subscriptions.cancel": {
			onPaddle(paddle.CancelSubscription, paddle.CancelSubscriptionInput{ID: "sub_1"}),
			byPaddleGo(sdk.SDK.CancelSubscription, &sdk.CancelSubscriptionRequest{SubscriptionID: "sub_1"}),
		},
		"subscriptions.charge": {
			onPaddle(paddle.ChargeSubscription, paddle.ChargeSubscriptionInput{ID: "sub_1", EffectiveFrom: "immediately", Items: items, OnPaymentFailure: "prevent_change"}),
			byPaddleGo(sdk.SDK.CreateSubscriptionCharge, &sdk.CreateSubscriptionChargeRequest{SubscriptionID: "sub_1", EffectiveFrom: sdk.EffectiveFromImmediately, Items: inCharge, OnPaymentFailure: sdk.PtrTo(sdk.SubscriptionOnPaymentFailurePreventChange)}),
		},
		"subscriptions.previewCharge": {
			onPaddle(paddle.PreviewSubscriptionCharge, paddle.ChargeSubscriptionInput{ID: "sub_1", EffectiveFrom: "next_billing_period", Items: items}),
			byPaddleGo(sdk.SDK.PreviewSubscriptionCharge, &sdk.PreviewSubscriptionChargeRequest{SubscriptionID: "sub_1", EffectiveFrom: sdk.EffectiveFromNextBillingPeriod, Items: inChargePreview}),
		},
		"adjustments.list": {
			listsPaddle(paddle.ListAdjustments, paddle.ListAdjustmentsInput{Action: "refund", TransactionID: []string{"txn_1"}}),
			byPaddleGo(sdk.SDK.ListAdjustments, &sdk.ListAdjustmentsRequest{Action: sdk.PtrTo("refund"), TransactionID: []string{"txn_1"}}),
		},
		"adjustments.create": {
			onPaddle(paddle.CreateAdjustment, paddle.CreateAdjustmentInput{Action: "refund", Reason: "r", TransactionID: "txn_1", Type: "partial", Items: []paddle.AdjustmentItem{{ItemID: "txnitm_1", Type: "partial", Amount: "100"}}}),
			byPaddleGo(sdk.SDK.CreateAdjustment, &sdk.CreateAdjustmentRequest{Action: sdk.AdjustmentActionRefund, Reason: "r", TransactionID: "txn_1", Type: sdk.PtrTo(sdk.AdjustmentTypePartial), Items: []sdk.AdjustmentItemCreate{{ItemID: "txnitm_1", Type: "partial", Amount: sdk.PtrTo("100")}}}),
		},
		"notifications.list": {
			listsPaddle(paddle.ListNotifications, paddle.ListNotificationsInput{NotificationSettingID: []string{"ntfset_1"}, Status: []string{"failed"}, Filter: "txn_1", Search: "s", From: when, To: when, Paging: paddle.Paging{PerPage: 200, OrderBy: "id[DESC]"}}),
			byPaddleGo(sdk.SDK.ListNotifications, &sdk.ListNotificationsRequest{NotificationSettingID: []string{"ntfset_1"}, Status: []string{"failed"}, Filter: sdk.PtrTo("txn_1"), Search: sdk.PtrTo("s"), From: sdk.PtrTo(at), To: sdk.PtrTo(at), PerPage: sdk.PtrTo(200), OrderBy: sdk.PtrTo("id[DESC]")}),
		},
		"notifications.replay": {
			onPaddle(paddle.ReplayNotification, paddle.NotificationInput{ID: "ntf_1"}),
			func(ctx context.Context, s *sdk.SDK) error {
				return s.ReplayNotification(ctx, &sdk.ReplayNotificationRequest{NotificationID: "ntf_1"})
			},
		},
	}
	for _, op := range paddle.Operations {
		name := op.Info().Name
		t.Run(name, func(t *testing.T) {
			body := `{"data":{},"meta":{"pagination":{"next":"https://api.paddle.com/","has_more":false}}}`
			if op.Info().Lists {
				body = `{"data":[],"meta":{"pagination":{"next":"https://api.paddle.com/","has_more":false}}}`
			}
			rt := clienttest.NewTransport(t, clienttest.JSON(200, body))
			ours, err := paddle.New(secret.Static("pdl_sdbx_1"), client.WithTransport(rt))
			require.NoError(t, err)
			alone, err := sdk.New("pdl_sdbx_1", sdk.WithClient(&http.Client{Transport: rt}))
			require.NoError(t, err)
			require.NoError(t, cases[name].ours(t.Context(), ours.HTTP))
			require.NoError(t, cases[name].sdks(t.Context(), alone))
			sent, want := rt.Requests()[0], rt.Requests()[1]
			require.Equal(t, want.Method+" "+want.Host+want.URL, sent.Method+" "+sent.Host+sent.URL)
			require.Equal(t, want.Header.Get("Authorization"), sent.Header.Get("Authorization"))
			if want.Method == http.MethodGet || name == "notifications.replay" { // whose path says it all
				require.Empty(t, want.Body)
				require.Empty(t, sent.Body)
				return
			}
			require.JSONEq(t, cmp.Or(string(want.Body), "{}"), string(sent.Body))
			require.Equal(t, "application/json", sent.Header.Get("Content-Type"))
		})
	}
	require.Len(t, cases, len(paddle.Operations))
}

// Paddle's SDK over the stack reads what the adapter reads.
func TestP6_PaddlesSDKOverTheStack(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.MustParse(`503 Retry-After=0, 200 {"data":{"id":"txn_1"},"meta":{}}`)...)
	hc, err := paddle.HTTPClient(secret.Static("pdl_sdbx_real"), client.WithTransport(rt))
	require.NoError(t, err)
	s, err := sdk.New("placeholder", sdk.WithClient(hc))
	require.NoError(t, err)
	tx, err := s.GetTransaction(t.Context(), &sdk.GetTransactionRequest{TransactionID: "txn_1"})
	require.NoError(t, err)
	require.Equal(t, "txn_1", tx.ID)
	require.Equal(t, 2, rt.Count())
	require.Equal(t, "Bearer pdl_sdbx_real", rt.Last().Header.Get("Authorization"))
}

func listsPaddle[In, Out, Item any](l client.List[In, Out, Item], in In) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		for _, err := range l.All(ctx, c, in) {
			return err
		}
		return nil
	}
}

func onPaddle[In, Out any](op client.Op[In, Out], in In) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		_, err := op.Do(ctx, c, in)
		return err
	}
}

// asks makes a call of a method of the SDK's.
func byPaddleGo[In, Out any](method func(sdk.SDK, context.Context, In) (Out, error), in In) func(context.Context, *sdk.SDK) error {
	return func(ctx context.Context, s *sdk.SDK) error {
		_, err := method(*s, ctx, in)
		return err
	}
}
