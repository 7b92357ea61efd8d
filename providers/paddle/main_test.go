package paddle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/paddle"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// scripted returns a client over a Paddle that follows the script, see clienttest.Parse.
func scripted(t *testing.T, script string, opts ...client.Option) (*paddle.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := paddle.New(secret.Static("pdl_sdbx_apikey_1"), append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return c, rt
}

var transaction = paddle.CreateTransactionInput{Items: []paddle.Item{{PriceID: "pri_1", Quantity: 2}}}
