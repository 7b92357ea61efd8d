package httpcache

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseDirectives(t *testing.T) {
	for field, want := range map[string]directives{
		"":                                   {},
		"no-store":                           {"no-store": ""},
		" No-Store , MAX-AGE = 5 ":           {"no-store": "", "max-age": "5"},
		`private="a, b", max-age=1`:          {"private": "a, b", "max-age": "1"},
		`x="a\"b\\", y`:                      {"x": `a"b\`, "y": ""},
		`x="never ends, no-store`:            {"x": contradicted},
		"max-age=1,max-age=2":                {"max-age": contradicted},
		"max-age=1,max-age=2,max-age=1":      {"max-age": contradicted},
		",,=,=1,":                            {},
		`max-age="60"junk, no-cache`:         {"max-age": "60", "no-cache": ""},
		strings.Repeat("a,", 3) + "no-cache": {"a": "", "no-cache": ""},
	} {
		require.Equal(t, want, parseDirectives([]string{field}), field)
	}
}

func FuzzDirectives(f *testing.F) {
	f.Add("max-age=60, no-store")
	f.Fuzz(func(t *testing.T, field string) {
		d := parseDirectives([]string{field})
		if len(d) > maxDirectives {
			t.Fatal("too many")
		}
		for name := range d {
			if s, ok := d.seconds(name); !ok || s < 0 || s > longest {
				t.Fatalf("%q: %v", name, s)
			}
		}
		// A directive in front that ends with a comma is always found.
		if !parseDirectives([]string{"no-store," + field}).has("no-store") {
			t.Fatal("no-store is lost")
		}
		if d, _ := deltaSeconds(field); d < 0 || d > longest+time.Second {
			t.Fatal(d)
		}
	})
}
