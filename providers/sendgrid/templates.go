package sendgrid

import "github.com/standpipe-go/standpipe/client"

var (
	// ListTemplates lists the templates.
	ListTemplates = client.List[ListTemplatesInput, TemplatePage, Template]{
		Op:    client.Op[ListTemplatesInput, TemplatePage]{Name: "templates.list", Route: "/v3/templates", Encode: encodeListTemplates},
		Items: func(p TemplatePage) []Template { return p.Result },
		Next:  client.NextURL(func(p TemplatePage) string { return p.Metadata.Next }),
	}

	// GetTemplate returns a template with its versions.
	GetTemplate = client.Op[TemplateInput, Template]{Name: "templates.get", Route: "/v3/templates/{template_id}"}
)

// ListTemplatesInput says which templates to list.
type ListTemplatesInput struct {
	Generations string // "dynamic", "legacy" or "legacy,dynamic"; "" is dynamic
	PageSize    int    // 0 is 200, the most
}

// TemplatePage is a page of templates.
type TemplatePage struct {
	Result   []Template `json:"result"`
	Metadata struct {
		Next  string `json:"next"` // an absolute URL; "" on the last page
		Count int    `json:"count"`
	} `json:"_metadata"`
}

// TemplateInput names a template.
type TemplateInput struct {
	ID string `path:"template_id"`
}

// Template is a template for mails.
type Template struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Generation string    `json:"generation"` // "dynamic", "legacy"
	UpdatedAt  Moment    `json:"updated_at"`
	Versions   []Version `json:"versions"`
}

// Version is a version of a template. One of them is active.
type Version struct {
	ID           string `json:"id"`
	TemplateID   string `json:"template_id"`
	Active       int    `json:"active"` // 1 where it is
	Name         string `json:"name"`
	Subject      string `json:"subject"`
	HTMLContent  string `json:"html_content"` // "" in lists
	PlainContent string `json:"plain_content"`
	UpdatedAt    Moment `json:"updated_at"`
}

func encodeListTemplates(in ListTemplatesInput, r *client.Request) (err error) {
	if in.Generations == "" {
		in.Generations = "dynamic"
	}
	if in.PageSize == 0 {
		in.PageSize = maxPage
	}
	*r, err = listTemplates.Request(queryOfTemplates(in))
	return err
}

// queryOfTemplates is the input with what SendGrid requires.
type queryOfTemplates struct {
	Generations string `query:"generations"`
	PageSize    int    `query:"page_size"`
}

var listTemplates = client.Op[queryOfTemplates, TemplatePage]{Route: "/v3/templates"}

// maxPage is the most of a page of templates.
const maxPage = 200
