package github

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// Hook names a webhook. The zero Hook is the app's own, for a client of [NewApp].
type Hook struct {
	Owner string // of the repository, or the organization
	Repo  string // "" is a webhook of the organization
	ID    ID
}

// Deliveries lists the deliveries of a webhook, the newest first. GitHub keeps them for
// three days.
func Deliveries(ctx context.Context, c *client.Client, hook Hook) iter.Seq2[Delivery, error] {
	switch {
	case hook == Hook{}:
		return appDeliveries.All(ctx, c, appDeliveriesInput{PerPage: perPage})
	case hook.Repo == "":
		return organizationDeliveries.All(ctx, c, organizationDeliveriesInput{Org: hook.Owner, Hook: hook.ID, PerPage: perPage})
	}
	return repositoryDeliveries.All(ctx, c, repositoryDeliveriesInput{Owner: hook.Owner, Repo: hook.Repo, Hook: hook.ID, PerPage: perPage})
}

const perPage = 100

// Redelivery says what became of asking for one delivery again.
type Redelivery struct {
	Delivery Delivery // the last attempt of the event, which failed
	Err      error    // nil where GitHub has said that it will deliver it again
}

// Redeliver has GitHub send again what a webhook's receiver did not take: GitHub never
// does by itself ("Handling failed webhook deliveries", GitHub docs). It walks the
// deliveries since then, finds the events whose last attempt failed, and asks for each of
// them once, the oldest first. It says which they were, and what became of each.
//
// An error beside them means that it has not got to the end: the deliveries could not be
// walked, so that nothing was asked for, or GitHub is not to be asked any more (a limit,
// a credential, an outage, the context). That one delivery is refused does not stop the
// others.
//
// Run it now and then, every hour say, from a time that overlaps with the last run's. Do
// not run it within minutes of the last: what is still on its way counts as failed. An
// event that your endpoint had handled after all comes again with the same
// X-GitHub-Delivery, which webhook.WithDeduplication knows.
func Redeliver(ctx context.Context, c *client.Client, hook Hook, since time.Time) ([]Redelivery, error) {
	var failed []Delivery
	decided := map[string]bool{}
	for d, err := range Deliveries(ctx, c, hook) {
		if err != nil {
			return nil, err
		}
		if d.DeliveredAt.Before(since) {
			break
		}
		// The newest comes first, so that the first of an event is its last attempt.
		event := cmp.Or(d.GUID, string(d.ID))
		if !decided[event] && d.Failed() {
			failed = append(failed, d)
		}
		decided[event] = true
	}
	var asked []Redelivery
	for i := len(failed) - 1; i >= 0; i-- {
		err := again(ctx, c, hook, failed[i].ID)
		asked = append(asked, Redelivery{failed[i], err})
		if err != nil && !concernsOne(err) {
			return asked, err
		}
	}
	return asked, nil
}

// concernsOne reports whether an error is about the delivery that it came of, and says
// nothing of the next.
func concernsOne(err error) bool {
	return errors.Is(err, client.ErrNotFound) || errors.Is(err, client.ErrBadRequest) || errors.Is(err, client.ErrConflict)
}

func again(ctx context.Context, c *client.Client, hook Hook, id ID) (err error) {
	switch {
	case hook == Hook{}:
		_, err = redeliverApp.Do(ctx, c, appDeliveryInput{id})
	case hook.Repo == "":
		_, err = redeliverOrganization.Do(ctx, c, organizationDeliveryInput{hook.Owner, hook.ID, id})
	default:
		_, err = redeliverRepository.Do(ctx, c, repositoryDeliveryInput{hook.Owner, hook.Repo, hook.ID, id})
	}
	return err
}

// The three kinds of webhooks have operations of their own, which differ in their paths.
var (
	repositoryDeliveries = deliveries[repositoryDeliveriesInput]("repos.listWebhookDeliveries", "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries")
	redeliverRepository  = redelivery[repositoryDeliveryInput]("repos.redeliverWebhookDelivery", "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts")

	organizationDeliveries = deliveries[organizationDeliveriesInput]("orgs.listWebhookDeliveries", "/orgs/{org}/hooks/{hook_id}/deliveries")
	redeliverOrganization  = redelivery[organizationDeliveryInput]("orgs.redeliverWebhookDelivery", "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts")

	appDeliveries = deliveries[appDeliveriesInput]("apps.listWebhookDeliveries", "/app/hook/deliveries")
	redeliverApp  = redelivery[appDeliveryInput]("apps.redeliverWebhookDelivery", "/app/hook/deliveries/{delivery_id}/attempts")
)

func deliveries[In any](name, route string) client.List[In, []Delivery, Delivery] {
	return client.List[In, []Delivery, Delivery]{
		Op:    client.Op[In, []Delivery]{Name: name, Route: route},
		Items: all[Delivery], Next: client.NextLink[[]Delivery],
	}
}

func redelivery[In any](name, route string) client.Op[In, client.None] {
	return client.Op[In, client.None]{Name: name, Method: http.MethodPost, Route: route}
}

type repositoryDeliveriesInput struct {
	Owner   string `path:"owner"`
	Repo    string `path:"repo"`
	Hook    ID     `path:"hook_id"`
	PerPage int    `query:"per_page"`
}

type repositoryDeliveryInput struct {
	Owner string `path:"owner"`
	Repo  string `path:"repo"`
	Hook  ID     `path:"hook_id"`
	ID    ID     `path:"delivery_id"`
}

type organizationDeliveriesInput struct {
	Org     string `path:"org"`
	Hook    ID     `path:"hook_id"`
	PerPage int    `query:"per_page"`
}

type organizationDeliveryInput struct {
	Org  string `path:"org"`
	Hook ID     `path:"hook_id"`
	ID   ID     `path:"delivery_id"`
}

type appDeliveriesInput struct {
	PerPage int `query:"per_page"`
}

type appDeliveryInput struct {
	ID ID `path:"delivery_id"`
}
