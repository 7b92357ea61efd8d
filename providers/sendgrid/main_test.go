package sendgrid_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/sendgrid"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// scripted returns a client over a SendGrid that follows the script, see
// clienttest.Parse.
func scripted(t *testing.T, script string, opts ...client.Option) (*sendgrid.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := sendgrid.New(secret.Static("SG.test.0123456789"), append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return c, rt
}

var mail = sendgrid.Mail{
	From:             sendgrid.Address{Email: "a@example.com", Name: "Ada"},
	Personalizations: []sendgrid.Personalization{{To: []sendgrid.Address{{Email: "b@example.com"}}}},
	Subject:          "s",
	Content:          []sendgrid.Content{{Type: "text/plain", Value: "t"}},
}
