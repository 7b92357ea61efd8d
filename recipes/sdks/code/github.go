package main

import (
	"github.com/google/go-github/v92/github"

	"github.com/standpipe-go/standpipe/client"
	adapter "github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/secret"
)

// newGitHub puts go-github on the stack, as the adapter has it for any major version. The
// SDK has no retries that would have to be off. Once a limit is used up it refuses calls
// by itself until that is whole again.
func newGitHub(token secret.Source, opts ...client.Option) (*github.Client, error) {
	hc, err := adapter.HTTPClient(token, opts...)
	if err != nil {
		return nil, err
	}
	return github.NewClient(github.WithHTTPClient(hc))
}
