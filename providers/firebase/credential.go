package firebase

import (
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/googleaccount"
	"github.com/standpipe-go/standpipe/secret"
)

// scope is what the accounts need of an access token (Identity Platform, REST reference,
// "Authorization scopes").
const scope = "https://www.googleapis.com/auth/identitytoolkit"

// credential is who calls, and what signs custom tokens.
func (cfg *Config) credential() (client.Auth, signer, error) {
	given := 0
	for _, is := range []bool{cfg.ServiceAccount != nil, cfg.Auth != nil, cfg.Emulator != ""} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, nil, fmt.Errorf("firebase: %w: give one of a service account, another credential and an emulator", client.ErrConfig)
	case cfg.Emulator != "":
		// Whoever says so is the project's owner to it.
		return client.Bearer(secret.Static("owner")), emulatorSigner{}, nil
	case cfg.Auth != nil:
		return cfg.Auth, nil, nil
	}
	source, err := googleaccount.Source(googleaccount.Config{
		Key: cfg.ServiceAccount, Scopes: []string{scope}, HTTPClient: cfg.HTTPClient,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("firebase: %w: %w", client.ErrConfig, err)
	}
	return client.OAuth2(source), &accountSigner{file: cfg.ServiceAccount}, nil
}
