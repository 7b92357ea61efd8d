package keyset_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/standpipe-go/standpipe/internal/keyset"
)

// Keys are fetched only from an https address that a document of the right issuer
// names.
func FuzzDiscovery(f *testing.F) {
	const at = issuer + "/.well-known/openid-configuration"
	f.Add([]byte(discovery(issuer, keysURL)))
	f.Add([]byte(`{"issuer":"https://issuer.example/tenant","jwks_uri":"https://u:p@keys.example/jwks"}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		s := newServer()
		s.pages[at] = string(document)
		c, err := keyset.New(keyset.Config{Issuer: issuer, Client: s.client()})
		if err != nil {
			t.Fatal(err)
		}
		err = c.Warm(t.Context())
		if s.hits.Load() == 1 {
			if err == nil {
				t.Fatal("keys from nowhere")
			}
			return
		}
		if u := s.last.URL; u.Scheme != "https" || u.User != nil {
			t.Fatalf("fetched %s", u)
		}
		var d map[string]any
		if json.Unmarshal(document, &d) != nil || d["issuer"] != issuer {
			t.Fatal("followed the document of another issuer")
		}
		text, _ := d["jwks_uri"].(string)
		if want, err := url.Parse(text); err != nil || want.Host != s.last.URL.Host {
			t.Fatalf("fetched %s, not %s", s.last.URL, text)
		}
	})
}
