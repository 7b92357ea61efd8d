package peers

import (
	"net/http"

	playground "github.com/go-playground/webhooks/v6/github"
	"github.com/google/go-github/v93/github"

	"github.com/standpipe-go/standpipe/compare"
)

func goGitHub() compare.Receiver {
	return compare.Receiver{
		Subject: compare.Subject{Name: "go-github", Module: "github.com/google/go-github/v93", Settings: "`github.ValidatePayload(r, secret)`."},
		Sender:  compare.GitHub(), ReadsBody: true,
		Open: func(secrets ...string) (compare.Accept, error) {
			if len(secrets) > 1 {
				return nil, compare.ErrNotCovered
			}
			return func(r *http.Request) error {
				_, err := github.ValidatePayload(r, []byte(secrets[0]))
				return err
			}, nil
		},
	}
}

func goPlayground() compare.Receiver {
	return compare.Receiver{
		Subject: compare.Subject{Name: "go-playground/webhooks", Module: "github.com/go-playground/webhooks/v6",
			Settings: "`github.New(github.Options.Secret(secret))` and `Parse(r, github.PushEvent)`."},
		Sender: compare.GitHub(), ReadsBody: true,
		Open: func(secrets ...string) (compare.Accept, error) {
			if len(secrets) > 1 {
				return nil, compare.ErrNotCovered
			}
			hook, err := playground.New(playground.Options.Secret(secrets[0]))
			if err != nil {
				return nil, err
			}
			return func(r *http.Request) error {
				_, err := hook.Parse(r, playground.PushEvent)
				return err
			}, nil
		},
	}
}
