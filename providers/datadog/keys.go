package datadog

import (
	"errors"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// keys are the headers of an API key and, if there is one, an application key
// ("Authentication", Datadog docs).
type keys []client.Auth

func keysOf(cfg Config) *keys {
	k := keys{client.APIKeyHeader("DD-API-KEY", cfg.APIKey)}
	if cfg.ApplicationKey != nil {
		k = append(k, client.APIKeyHeader("DD-APPLICATION-KEY", cfg.ApplicationKey))
	}
	return &k
}

// Authorize sets both headers.
func (k *keys) Authorize(r *http.Request) error {
	for _, key := range *k {
		if err := key.Authorize(r); err != nil {
			return err
		}
	}
	return nil
}

// Challenge reads both sources again: Datadog does not say which key it has refused. One
// that has changed is worth another attempt.
func (k *keys) Challenge(r *http.Request, resp *http.Response) (again bool, err error) {
	for _, key := range *k {
		changed, e := key.(client.Challenger).Challenge(r, resp)
		again, err = again || changed, errors.Join(err, e)
	}
	if again {
		return true, nil
	}
	return false, err
}

// Check reports a source that is known to be unusable.
func (k *keys) Check() error {
	for _, key := range *k {
		if err := key.(interface{ Check() error }).Check(); err != nil {
			return err
		}
	}
	return nil
}

// Identity is the API key's: limits are the organization's.
func (k *keys) Identity() string {
	return (*k)[0].(interface{ Identity() string }).Identity()
}
