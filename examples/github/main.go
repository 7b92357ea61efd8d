// Command github reports a problem as an issue on GitHub, lists the issues, and has a
// webhook delivery that failed sent again.
//
//	go run ./examples/github
//
// It needs no account: a GitHub in memory runs on loopback. With GITHUB_TOKEN and
// GITHUB_REPOSITORY ("owner/name") set it lists the open issues of that repository, at
// GitHub itself, and with -report it opens one there as well. What an application copies
// is in app.go and app_test.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	report := flag.String("report", "", "the `problem` to open an issue about, at GitHub itself")
	flag.Parse()
	run := func(ctx context.Context, out io.Writer) error { return demonstrate(ctx, out) }
	if os.Getenv("GITHUB_TOKEN") != "" && os.Getenv("GITHUB_REPOSITORY") != "" {
		run = func(ctx context.Context, out io.Writer) error {
			return atGitHub(ctx, out, secret.Env("GITHUB_TOKEN"), os.Getenv("GITHUB_REPOSITORY"), *report)
		}
	}
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "github:", err)
		os.Exit(1)
	}
}

// atGitHub lists the issues of a repository, and reports a problem if there is one.
func atGitHub(ctx context.Context, out io.Writer, token secret.Source, repository, problem string, options ...client.Option) error {
	owner, repo, _ := strings.Cut(repository, "/")
	b, err := newBot(token, owner, repo, options...)
	if err != nil {
		return err
	}
	defer b.github.HTTP.CloseIdleConnections()
	if problem != "" {
		issue, err := b.report(ctx, problem, "Reported by the example of Standpipe")
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "reported:", issue.HTMLURL)
	}
	return list(ctx, out, b)
}

// demonstrate does all of it at a GitHub in memory, which fails now and then.
func demonstrate(ctx context.Context, out io.Writer) error {
	fake := githubtest.Start()
	defer fake.Close()
	b, err := newBot(secret.Static(githubtest.Token), githubtest.Owner, githubtest.Repo, client.WithBaseURL(fake.URL))
	if err != nil {
		return err
	}
	defer b.github.HTTP.CloseIdleConnections()
	fake.Inject(githubtest.Fault{Operation: "issues.create", Lost: true})
	for _, p := range [][2]string{{"payments", "The queue is full"}, {"payments", "The queue is still full"}, {"mail", "No connection"}} {
		issue, err := b.report(ctx, p[0], p[1])
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "reported: %s: %s, as #%d\n", p[0], p[1], issue.Number)
	}
	fmt.Fprintf(out, "GitHub was asked for %d issues and %d comment\n", fake.Count("issues.create"), fake.Count("issues.createComment"))
	if err := list(ctx, out, b); err != nil {
		return err
	}
	hook := github.Hook{Owner: githubtest.Owner, Repo: githubtest.Repo, ID: "1"}
	fake.AddDelivery(hook, github.Delivery{GUID: "0b6e", Event: "push", Status: "timed out"})
	fake.AddDelivery(hook, github.Delivery{GUID: "55d1", Event: "issues"})
	done, err := b.redeliver(ctx, hook.ID)
	if err != nil {
		return err
	}
	for _, r := range done {
		fmt.Fprintf(out, "delivered again: %s %s, which had %s\n", r.Delivery.Event, r.Delivery.GUID, r.Delivery.Status)
	}
	return nil
}

func list(ctx context.Context, out io.Writer, b *bot) error {
	titles, err := b.titles(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "open issues:")
	for _, title := range titles {
		fmt.Fprintln(out, "   ", title)
	}
	return nil
}
