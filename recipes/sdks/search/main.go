// Command search puts the SDKs of Elasticsearch and Meilisearch on the stack: one file
// each, to copy. It needs no keys and no network: a fake service on loopback fails once,
// and the program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/elastic/go-elasticsearch/v9/typedapi/types"
	"github.com/meilisearch/meilisearch-go"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "go-elasticsearch v9",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				es, err := newElasticsearch("https://es.example.com", key, opts...)
				return func(ctx context.Context) error {
					_, err := es.Indices.Get("i").Do(ctx)
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: func(key string) string { return "ApiKey " + key },
			Fields:  map[string]string{"X-Elastic-Product": "Elasticsearch"},
			Reply:   `{"i":{}}`,
			Refusal: `{"error":{"type":"index_not_found_exception","reason":"no such index"},"status":404}`,
			Kept:    recipetest.Is[*types.ElasticsearchError],
		},
		{
			SDK: "meilisearch-go",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				m, err := newMeilisearch("https://search.example.com", key, opts...)
				return func(ctx context.Context) error {
					_, err := m.Version(ctx)
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Kept: recipetest.Is[*meilisearch.Error],
		},
	}
}
