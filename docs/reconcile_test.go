package docs

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/paddle"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// fromStripe takes in what never arrived.
func fromStripe(ctx context.Context, ib *inbox.Inbox, hooks *webhook.Handler, c *stripe.Client) (inbox.Reconciled, error) {
	since := time.Now().Add(-3 * 24 * time.Hour)
	return ib.Reconcile(ctx, hooks, c.ExpectedEvents(ctx, since, "invoice.paid", "customer.subscription.deleted"))
}

// fromGitHub has GitHub deliver again what never arrived.
func fromGitHub(ctx context.Context, ib *inbox.Inbox, hooks *webhook.Handler, c *github.Client) (inbox.Reconciled, error) {
	hook := github.Hook{Owner: "octocat", Repo: "hello-world", ID: "1"}
	return ib.Reconcile(ctx, hooks, github.ExpectedDeliveries(ctx, c.HTTP, hook, time.Now().Add(-2*24*time.Hour)))
}

// fromPaddle has Paddle replay what never arrived.
func fromPaddle(ctx context.Context, ib *inbox.Inbox, hooks *webhook.Handler, c *paddle.Client) (inbox.Reconciled, error) {
	since := time.Now().Add(-3 * 24 * time.Hour)
	return ib.Reconcile(ctx, hooks, paddle.ExpectedNotifications(ctx, c.HTTP, "ntfset_01", since))
}

// fromResend has Resend replay what never arrived.
func fromResend(ctx context.Context, ib *inbox.Inbox, hooks *webhook.Handler, c *resend.Client, hook string) (inbox.Reconciled, error) {
	since := time.Now().Add(-24 * time.Hour)
	return ib.Reconcile(ctx, hooks, resend.ExpectedEvents(ctx, c.HTTP, hook, since))
}

// What these do with a database is asked in integration/inbox: here there is none, and
// each says so.
func TestReconcileWithoutADatabase(t *testing.T) {
	db := sql.OpenDB(noDatabase{})
	defer db.Close()
	ib, err := inbox.New(db, inbox.Postgres)
	require.NoError(t, err)
	scheme, err := webhook.Stripe(secret.Static("whsec_0123456789abcdef"))
	require.NoError(t, err)
	h, err := webhook.NewHandler(scheme)
	require.NoError(t, err)
	rt := client.WithTransport(clienttest.NewTransport(t, clienttest.Status(500)))
	st, err := stripe.New(secret.Static("sk_test_1"), rt)
	require.NoError(t, err)
	gh, err := github.New(secret.Static("ghp_1"), rt)
	require.NoError(t, err)
	pd, err := paddle.New(secret.Static("pdl_sdbx_apikey_1"), rt)
	require.NoError(t, err)
	rs, err := resend.New(secret.Static("re_1"), rt)
	require.NoError(t, err)
	for name, call := range map[string]func() (inbox.Reconciled, error){
		"stripe": func() (inbox.Reconciled, error) { return fromStripe(t.Context(), ib, h, st) },
		"github": func() (inbox.Reconciled, error) { return fromGitHub(t.Context(), ib, h, gh) },
		"paddle": func() (inbox.Reconciled, error) { return fromPaddle(t.Context(), ib, h, pd) },
		"resend": func() (inbox.Reconciled, error) { return fromResend(t.Context(), ib, h, rs, "4dd369bc") },
	} {
		found, err := call()
		require.ErrorContains(t, err, "inbox: reconcile: it is away", name)
		require.Zero(t, found, name)
	}
}
