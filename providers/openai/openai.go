package openai

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is OpenAI's API as package client sees it (API reference, "Introduction" and
// "Debugging requests"; "Rate limits" and "Error codes" in the guides). Treat it as a
// constant.
var Profile = client.Profile{
	Name:             "openai",
	BaseURL:          "https://api.openai.com/v1",
	RequestIDHeaders: []string{"X-Request-Id"},
	Hint:             client.HintHeader("X-Should-Retry"),
	HintBody:         hint,
	Failed:           failed,
	LimitKey:         limitKey,
	Route:            func(r *http.Request) string { return Operations.Route(r) },
	DecodeError:      decodeError,
}

// limited are the first segments of what counts against the limits of a model.
var limited = []string{"responses", "chat", "completions", "embeddings", "moderations", "images", "audio"}

// limitKey keeps the limits of one kind of request from holding up another. OpenAI's are
// those of a model, which stands in the body; reads count against none of them.
func limitKey(r *http.Request) string {
	if r.Method != http.MethodPost {
		return ""
	}
	for segment := range strings.SplitSeq(r.URL.Path, "/") {
		if slices.Contains(limited, segment) {
			return segment
		}
	}
	return ""
}

// Client is OpenAI over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is what the operations are called with, and the rest of the API.
	HTTP *client.Client
}

// New returns a client for the project of key. The options are those of package client,
// with [WithOrganization] and [WithProject] beside them. Another base URL is that of a
// compatible server. A call may take ten minutes, unless client.WithTimeout and
// client.WithAttemptTimeout say otherwise.
func New(key secret.Source, opts ...client.Option) (*Client, error) {
	return made(client.Bearer(key), opts)
}

// NewAzure returns a client for the v1 API of an Azure OpenAI resource, by its name: the
// one in https://NAME.openai.azure.com. key is one of the resource; for Microsoft Entra
// ID give client.WithAuth(client.OAuth2(…)). A model is the name of a deployment. (Azure
// OpenAI docs, "Azure OpenAI in Microsoft Foundry Models v1 API".)
func NewAzure(resource string, key secret.Source, opts ...client.Option) (*Client, error) {
	if !resourceName.MatchString(resource) {
		return nil, fmt.Errorf("openai: %w: the Azure resource is given by its name, of letters, digits and hyphens", client.ErrConfig)
	}
	base := client.WithBaseURL("https://" + resource + ".openai.azure.com/openai/v1")
	return made(client.APIKeyHeader("api-key", key), append([]client.Option{base}, opts...))
}

// patience is how long a call, and an attempt, may take: the response's headers come once
// all has been generated. It is what openai-go v3 waits.
const patience = 10 * time.Minute

var resourceName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?$`)

func made(auth client.Auth, opts []client.Option) (*Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(Profile), client.WithAuth(auth), client.WithTimeout(patience), client.WithAttemptTimeout(patience),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

// HTTPClient returns the stack as an http.Client for the official SDK, openai-go: give it
// with option.WithHTTPClient, any text as the key, and option.WithMaxRetries(0).
func HTTPClient(key secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(key, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

// WithOrganization names the organization that a call counts for, "org-…", where the key
// belongs to several.
func WithOrganization(id string) client.Option { return client.WithHeader("OpenAI-Organization", id) }

// WithProject names the project that a call counts for, "proj_…", where the key is not
// that of one.
func WithProject(id string) client.Option { return client.WithHeader("OpenAI-Project", id) }
