package sentry

import (
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

const organization = "/api/0/organizations/{organization}"

// The operations. An Organization is its slug or its ID, a project in a list its ID, and
// in a release its slug. Without a Limit or a PerPage a page is Sentry's own, 100, which
// is also the most.
var (
	// ListIssues lists issues: without a Query those that are unresolved.
	ListIssues = listAt[Issue]("issues.list", organization+"/issues/", (*ListIssuesInput).period)

	// GetIssue returns an issue.
	GetIssue = client.Op[IssueInput, Issue]{Name: "issues.get", Route: organization + "/issues/{issue}/"}

	// UpdateIssue changes what its input has of an issue: to resolve one, its Status is
	// [Resolved].
	UpdateIssue = client.Op[UpdateIssueInput, Issue]{Name: "issues.update", Method: http.MethodPut, Route: organization + "/issues/{issue}/"}

	// UpdateIssues changes up to 1,000 issues at once. An ID of no issue is passed over.
	UpdateIssues = checked(client.Op[UpdateIssuesInput, client.None]{Name: "issues.update_many", Method: http.MethodPut, Route: organization + "/issues/"})

	// DeleteIssue deletes an issue with its events, soon.
	DeleteIssue = client.Op[IssueInput, client.None]{Name: "issues.delete", Method: http.MethodDelete, Route: organization + "/issues/{issue}/"}

	// ListIssueEvents lists the events of an issue, the newest first.
	ListIssueEvents = listAt[IssueEvent]("issues.events", organization+"/issues/{issue}/events/", (*ListIssueEventsInput).period)

	// ListReleases lists releases, the newest first.
	ListReleases = list[ListReleasesInput, Release]("releases.list", organization+"/releases/")

	// CreateRelease makes a release. One that is there already gets what is new, so that
	// it is repeated.
	CreateRelease = checked(client.Op[CreateReleaseInput, Release]{
		Name: "releases.create", Method: http.MethodPost, Route: organization + "/releases/", Repeatable: true,
	})

	// CreateDeploy says that a release has been deployed. Each call is a deploy.
	CreateDeploy = checked(client.Op[CreateDeployInput, Deploy]{
		Name: "deploys.create", Method: http.MethodPost, Route: organization + "/releases/{version}/deploys/",
	})

	// ListProjects lists the projects of an organization.
	ListProjects = list[ListProjectsInput, Project]("projects.list", organization+"/projects/")

	// ListAlerts lists the alert rules, which Sentry's API calls workflows.
	ListAlerts = list[ListAlertsInput, Alert]("alerts.list", organization+"/workflows/")

	// GetStats counts what has been received, and what became of it.
	GetStats = during((*StatsInput).period, client.Op[StatsInput, OrganizationStats]{Name: "stats.get", Route: organization + "/stats_v2/"})
)

// Operations is the table of the operations.
var Operations = client.Operations{
	ListIssues, GetIssue, UpdateIssue, UpdateIssues, DeleteIssue, ListIssueEvents, ListReleases, CreateRelease, CreateDeploy,
	ListProjects, ListAlerts, GetStats,
}

// list is a list by cursor: the Link header has a next page always, and says whether it
// has results.
func list[In, Item any](name, route string) client.List[In, []Item, Item] {
	return client.List[In, []Item, Item]{
		Op:    client.Op[In, []Item]{Name: name, Route: route},
		Items: func(page []Item) []Item { return page },
		Next:  client.NextLink[[]Item],
	}
}

// listAt is a list of what happened in a period.
func listAt[Item, In any](name, route string, period func(*In) (start, end *time.Time)) client.List[In, []Item, Item] {
	l := list[In, Item](name, route)
	l.Op = during(period, l.Op)
	return l
}

// during has the operation send its period as Sentry reads it.
func during[In, Out any](period func(*In) (start, end *time.Time), op client.Op[In, Out]) client.Op[In, Out] {
	plain := op
	op.Encode = func(in In, r *client.Request) (err error) {
		start, end := period(&in)
		*start, *end = inSeconds(*start), inSeconds(*end)
		*r, err = plain.Request(in)
		return err
	}
	return op
}

// inSeconds is a time of a query: UTC, in whole seconds. Sentry overlooks another offset
// in some versions, and refuses a fraction of more or fewer digits than it expects in
// others.
func inSeconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// checked has the operation send nothing that lacks what Sentry requires.
func checked[In interface{ check() error }, Out any](op client.Op[In, Out]) client.Op[In, Out] {
	plain := op
	op.Encode = func(in In, r *client.Request) error {
		err := in.check()
		if err != nil {
			return fmt.Errorf("%w: %w", client.ErrRequest, err)
		}
		*r, err = plain.Request(in)
		return err
	}
	return op
}
