// This file and app_test.go are for copying: a bot that reports a problem of yours as an
// issue on GitHub, once, and has the webhook deliveries that failed sent again. Change
// what it says. In your main:
//
//	b, err := newBot(secret.Env("GITHUB_TOKEN"), "octocat", "hello-world")
//	issue, err := b.report(ctx, "payments", "The queue is full")
//
// For a GitHub App in place of a token, make the client with github.NewApp and
// github.NewInstallation.

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/httpcache"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/secret"
)

type bot struct {
	github      *github.Client
	owner, repo string
}

// newBot returns a bot for a repository. Make one, and keep it: it keeps what GitHub has
// said. The options are for tests.
func newBot(token secret.Source, owner, repo string, options ...client.Option) (*bot, error) {
	cache := httpcache.New(httpcache.Config{})
	c, err := github.New(token, append([]client.Option{client.WithCallMiddleware(cache.Middleware)}, options...)...)
	if err != nil {
		return nil, err
	}
	return &bot{c, owner, repo}, nil
}

// report opens an issue about a problem, or comments on the one that is open. The label
// says which problem it is: GitHub knows no idempotency key, so that an issue which may
// have been opened is looked for, and not opened again.
func (b *bot) report(ctx context.Context, problem, what string) (github.Issue, error) {
	label := "problem:" + problem
	open, found, err := b.find(ctx, label)
	switch {
	case err != nil:
		return github.Issue{}, err
	case found:
		_, err = github.CreateComment.Do(ctx, b.github.HTTP, github.CreateCommentInput{
			Owner: b.owner, Repo: b.repo, Number: open.Number, Body: what,
		})
		return open, err
	}
	made, err := github.CreateIssue.Do(ctx, b.github.HTTP, github.CreateIssueInput{
		Owner: b.owner, Repo: b.repo, Title: problem + ": " + what, Labels: []string{label},
	})
	if e, ok := errors.AsType[*client.Error](err); ok && e.Effect == client.MaybeApplied {
		if open, found, _ := b.find(ctx, label); found {
			return open, nil
		}
	}
	return made, err
}

// unchanged has GitHub asked whether what is kept still holds, although GitHub permits to
// use it for a minute: the bot itself may have changed it since. A list that has not
// changed is a 304, which GitHub does not count.
func unchanged(r *client.Request) { r.Header = http.Header{"Cache-Control": {"no-cache"}} }

// find returns the open issue with a label, if there is one.
func (b *bot) find(ctx context.Context, label string) (issue github.Issue, found bool, err error) {
	in := github.ListIssuesInput{Owner: b.owner, Repo: b.repo, Labels: []string{label}, PerPage: 100}
	for issue, err := range github.ListIssues.All(ctx, b.github.HTTP, in, unchanged) {
		if err != nil {
			return github.Issue{}, false, err
		}
		if issue.PullRequest == nil {
			return issue, true, nil
		}
	}
	return github.Issue{}, false, nil
}

// titles lists the open issues, the newest first.
func (b *bot) titles(ctx context.Context) (titles []string, err error) {
	in := github.ListIssuesInput{Owner: b.owner, Repo: b.repo, PerPage: 100}
	for issue, err := range github.ListIssues.All(ctx, b.github.HTTP, in, unchanged) {
		if err != nil {
			return nil, err
		}
		titles = append(titles, fmt.Sprintf("#%d %s", issue.Number, issue.Title))
	}
	return titles, nil
}

// redeliver has the deliveries of the repository's webhook sent again that failed in the
// last day. Call it every hour: what was handled already your endpoint knows by its
// X-GitHub-Delivery.
func (b *bot) redeliver(ctx context.Context, hook github.ID) ([]github.Redelivery, error) {
	return github.Redeliver(ctx, b.github.HTTP, github.Hook{Owner: b.owner, Repo: b.repo, ID: hook}, time.Now().Add(-24*time.Hour))
}
