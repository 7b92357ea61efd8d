package sentry

import (
	"errors"
	"fmt"
	"time"
)

// ListReleasesInput says which releases to list. Zero fields are Sentry's defaults.
type ListReleasesInput struct {
	Organization string   `path:"organization"`
	Project      []string `query:"project"`
	Environment  []string `query:"environment"`
	Query        string   `query:"query"` // a part of the version
	PerPage      int      `query:"per_page"`
}

// CreateReleaseInput is a new release. Its Version and a project's slug are required, and
// so are the Repository and the Commit of a Ref.
type CreateReleaseInput struct {
	Organization string     `path:"organization"`
	Version      string     `json:"version"` // "shop@1.4.2"
	Projects     []string   `json:"projects"`
	Ref          string     `json:"ref,omitempty"` // a commit
	URL          string     `json:"url,omitempty"`
	DateReleased *time.Time `json:"dateReleased,omitempty"`
	Refs         []Ref      `json:"refs,omitempty"`
}

func (in CreateReleaseInput) check() error {
	if in.Version == "" || len(in.Projects) == 0 {
		return errors.New("a release has a version and a project")
	}
	for i, slug := range in.Projects {
		if slug == "" {
			return fmt.Errorf("the project at index %d has no slug", i)
		}
	}
	for i, ref := range in.Refs {
		if ref.Repository == "" || ref.Commit == "" {
			return fmt.Errorf("the ref at index %d has no repository or no commit", i)
		}
	}
	return nil
}

// Ref is what of a repository is in a release.
type Ref struct {
	Repository     string `json:"repository"`
	Commit         string `json:"commit"`
	PreviousCommit string `json:"previousCommit,omitempty"`
}

// Release is a release. Its Version names it.
type Release struct {
	Version      string           `json:"version"`
	ShortVersion string           `json:"shortVersion"`
	Status       string           `json:"status"` // "open", "archived"
	Ref          string           `json:"ref"`
	URL          string           `json:"url"`
	DateCreated  time.Time        `json:"dateCreated"`
	DateReleased time.Time        `json:"dateReleased"` // zero until it is
	NewGroups    int              `json:"newGroups"`    // issues that it has brought
	CommitCount  int              `json:"commitCount"`
	DeployCount  int              `json:"deployCount"`
	LastDeploy   *Deploy          `json:"lastDeploy"`
	Projects     []ReleaseProject `json:"projects"`
}

// ReleaseProject is a project of a release.
type ReleaseProject struct {
	Slug      string `json:"slug"`
	Name      string `json:"name"`
	Platform  string `json:"platform"`
	NewGroups int    `json:"newGroups"`
}

// CreateDeployInput is a deploy of a release. Its Environment is required.
type CreateDeployInput struct {
	Organization string     `path:"organization"`
	Version      string     `path:"version"`
	Environment  string     `json:"environment"`
	Name         string     `json:"name,omitempty"`
	URL          string     `json:"url,omitempty"`
	DateStarted  *time.Time `json:"dateStarted,omitempty"`
	DateFinished *time.Time `json:"dateFinished,omitempty"` // nil is now
	Projects     []string   `json:"projects,omitempty"`     // slugs; nil is all of the release
}

func (in CreateDeployInput) check() error {
	if in.Environment == "" {
		return errors.New("a deploy has an environment")
	}
	return nil
}

// Deploy is a deploy of a release.
type Deploy struct {
	ID           string    `json:"id"`
	Environment  string    `json:"environment"`
	Name         string    `json:"name"`
	URL          string    `json:"url"`
	DateStarted  time.Time `json:"dateStarted"`
	DateFinished time.Time `json:"dateFinished"`
}
