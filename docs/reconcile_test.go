package docs

import (
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"log/slog"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// stripeEvents lists what Stripe has tried to deliver since then and could not, in the
// form of its deliveries.
func stripeEvents(ctx context.Context, c *stripe.Client, since time.Time) iter.Seq2[inbox.Listed, error] {
	type event struct {
		ID string `json:"id"`
	}
	type page struct {
		Data []json.RawMessage `json:"data"`
		More bool              `json:"has_more"`
	}
	id := func(raw json.RawMessage) string {
		var e event
		_ = json.Unmarshal(raw, &e) // "" is told by Reconcile
		return e.ID
	}
	first := client.Request{Path: "/v1/events", Query: url.Values{
		"created[gte]": {strconv.FormatInt(since.Unix(), 10)}, "delivery_success": {"false"}, "limit": {"100"},
	}}
	next := client.NextCursor("starting_after", func(p page) string {
		if !p.More || len(p.Data) == 0 {
			return ""
		}
		return id(p.Data[len(p.Data)-1])
	})
	return func(yield func(inbox.Listed, error) bool) {
		for p, err := range client.Pages(ctx, c.HTTP, first, next) {
			if err != nil {
				yield(inbox.Listed{}, err)
				return
			}
			for _, raw := range p.Data {
				if !yield(inbox.Listed{ID: id(raw), Body: raw}, nil) {
					return
				}
			}
		}
	}
}

// makeUp takes in what never arrived.
func makeUp(ctx context.Context, ib *inbox.Inbox, hooks *webhook.Handler, c *stripe.Client) error {
	found, err := ib.Reconcile(ctx, hooks, stripeEvents(ctx, c, time.Now().Add(-3*24*time.Hour)))
	if found.Taken > 0 {
		slog.Warn("webhooks that never arrived", "taken", found.Taken, "known", found.Known)
	}
	return err
}

func TestStripeEventsAreListedAsTheyAreDelivered(t *testing.T) {
	const older, newer = `{"id":"evt_1","object":"event","type":"invoice.paid","data":{"object":{"id":"in_1"}}}`, `{"id":"evt_2","object":"event","type":"invoice.paid","data":{"object":{"id":"in_2"}}}`
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"object":"list","has_more":true,"data":[`+newer+`]}`),
		clienttest.JSON(200, `{"object":"list","has_more":false,"data":[`+older+`]}`))
	c, err := stripe.New(secret.Static("sk_test_1"), client.WithTransport(rt))
	require.NoError(t, err)
	scheme, err := webhook.Stripe(secret.Static("whsec_0123456789abcdef"))
	require.NoError(t, err)
	h, err := webhook.NewHandler(scheme)
	require.NoError(t, err)
	var ids []string
	for l, err := range stripeEvents(t.Context(), c, time.Unix(1_700_000_000, 0)) {
		require.NoError(t, err)
		d, err := h.Fetched(l.Body)
		require.NoError(t, err)
		require.Equal(t, l.ID, d.Events[0].ID)
		ids = append(ids, l.ID)
	}
	require.Equal(t, []string{"evt_2", "evt_1"}, ids)
	second, err := url.Parse(rt.Requests()[1].URL)
	require.NoError(t, err)
	require.Equal(t, url.Values{"starting_after": {"evt_2"}, "created[gte]": {"1700000000"}, "delivery_success": {"false"}, "limit": {"100"}}, second.Query())

	db := sql.OpenDB(noDatabase{})
	defer db.Close()
	ib, err := inbox.New(db, inbox.Postgres)
	require.NoError(t, err)
	require.ErrorContains(t, makeUp(t.Context(), ib, h, c), "inbox: reconcile: it is away")
}
