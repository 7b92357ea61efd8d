package claims_test

import (
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/internal/claims"
)

// Whatever Parse accepts can be asked for anything without a panic, and rules are
// passed only by a set that says so itself.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"iss":"https://issuer.example/","sub":"u","aud":["api"],"exp":1900000000,"iat":1.7e9}`))
	f.Add([]byte(`{"ISS":"https://issuer.example/","sub":"","aud":null,"exp":-1}`))
	f.Add([]byte(`{"iss":"https:\/\/issuer.example\/","tid":"t","o":{"id":[1,{"a":"b"}]}}`))
	rules := claims.Rules{Issuer: "https://issuer.example/", Audience: []string{"api"}}
	f.Fuzz(func(t *testing.T, payload []byte) {
		s, err := claims.Parse(payload)
		if err != nil {
			return
		}
		for _, name := range []string{"iss", "sub", "aud", "exp", "o", "", "x"} {
			_, _ = s.String(name)
			_, _ = s.Bool(name)
			_, _ = s.Strings(name)
			_, _ = s.StringOrStrings(name)
			_, _, _ = s.Object(name)
			if at, err := s.Time(name); err == nil && s.Has(name) && (at.Unix() < 0 || at.Year() > 9999) {
				t.Fatalf("time %v", at)
			}
		}
		got, err := rules.Check(s, now)
		if err != nil {
			if got != (claims.Registered{}) {
				t.Fatal("claims in spite of an error")
			}
			return
		}
		issuer, _ := s.String("iss")
		subject, _ := s.String("sub")
		if issuer != rules.Issuer || subject == "" || got.Subject != subject || !got.Expiry.After(now) || got.IssuedAt.After(now.Add(time.Minute)) {
			t.Fatalf("passed: %s", payload)
		}
	})
}
