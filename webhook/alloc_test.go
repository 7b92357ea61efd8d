package webhook_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/costtest"
)

// A verification allocates next to nothing, and nothing that grows with the body:
// it is neither copied nor parsed.
func TestVerifyAllocations(t *testing.T) {
	if costtest.Race {
		t.Skip("allocations are not those of a normal build")
	}
	for name, most := range map[string]float64{
		"stripe": 0, "paddle": 0, "slack": 0, "standard-webhooks": 0, "svix": 0, "openai": 0,
		"x": 0, "cloudflare": 0, "github": 1, "shopify": 1, "sentry": 1,
	} {
		for _, size := range []int{16, 64 << 10} {
			k := kitNamed(t, name)
			k.body = `{"a":"` + strings.Repeat("x", size) + `"}`
			s, r := k.scheme(t), k.request(t, fixedTime)
			n := testing.AllocsPerRun(100, func() {
				if _, err := s.Verify(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			})
			require.LessOrEqual(t, n, most, "%s, %d bytes", name, size)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, name := range []string{"stripe", "github", "standard-webhooks", "sendgrid", "aws-sns", "google-pubsub", "twilio", "cloudflare"} {
		b.Run(name, func(b *testing.B) {
			k := kitNamed(b, name)
			s, r := k.scheme(b), k.request(b, fixedTime)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Verify(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
