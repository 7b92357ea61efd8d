package github_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/secret"
)

func ExampleNew() {
	srv := githubtest.Start() // in place of GitHub
	defer srv.Close()
	c, err := github.New(secret.Static(githubtest.Token), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	made, err := github.CreateIssue.Do(ctx, c.HTTP, github.CreateIssueInput{Owner: "octocat", Repo: "hello-world", Title: "It is broken"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.HTMLURL)
	for issue, err := range github.ListIssues.All(ctx, c.HTTP, github.ListIssuesInput{Owner: "octocat", Repo: "hello-world", PerPage: 100}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(issue.Number, issue.Title)
	}
	_, err = github.CreateIssue.Do(ctx, c.HTTP, github.CreateIssueInput{Owner: "octocat", Repo: "hello-world"})
	if e, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(e.Status, e.Message)
	}
	// Output:
	// https://github.com/octocat/hello-world/issues/1
	// 1 It is broken
	// 422 Validation Failed: Issue.title: missing_field
}

func ExampleNewInstallation() {
	srv := githubtest.Start() // in place of GitHub
	defer srv.Close()
	app, err := github.NewApp(githubtest.AppID, srv.AppKey(), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := github.NewInstallation(app, github.Installation{ID: githubtest.ID})
	if err != nil {
		fmt.Println(err)
		return
	}
	repo, err := github.GetRepository.Do(context.Background(), c.HTTP, github.RepositoryInput{Owner: "octocat", Repo: "hello-world"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(repo.FullName, repo.DefaultBranch)
	// Output:
	// octocat/hello-world main
}

func ExampleRedeliver() {
	srv := githubtest.Start() // in place of GitHub
	defer srv.Close()
	hook := github.Hook{Owner: "octocat", Repo: "hello-world", ID: "1"}
	srv.AddDelivery(hook, github.Delivery{GUID: "2f0c", Event: "push", Status: "timed out"})
	c, err := github.New(secret.Static(githubtest.Token), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	done, err := github.Redeliver(context.Background(), c.HTTP, hook, time.Now().Add(-time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range done {
		fmt.Println(r.Delivery.Event, r.Delivery.GUID, r.Err)
	}
	// Output:
	// push 2f0c <nil>
}
