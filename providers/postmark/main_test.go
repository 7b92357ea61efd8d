package postmark_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/postmark"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// scripted returns a client over a Postmark that follows the script, see
// clienttest.Parse.
func scripted(t *testing.T, script string, opts ...client.Option) (*postmark.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := postmark.New(secret.Static("token-1"), append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return c, rt
}

var email = postmark.Email{From: "a@example.com", To: "b@example.com", Subject: "s", TextBody: "t"}
