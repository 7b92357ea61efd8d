package firebase

import (
	"context"
	"fmt"
	"net/http"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
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
	if err := secret.Check(cfg.ServiceAccount); err != nil {
		return nil, nil, fmt.Errorf("firebase: %w: the service account: %w", client.ErrConfig, err)
	}
	sign := &accountSigner{file: cfg.ServiceAccount}
	if _, local := cfg.ServiceAccount.(secret.Checker); local {
		if _, _, err := sign.key(context.Background()); err != nil {
			return nil, nil, fmt.Errorf("firebase: %w: the service account: %w", client.ErrConfig, err)
		}
	}
	source, err := tokens.NewSource(accountGrant(cfg.ServiceAccount, cfg.HTTPClient))
	if err != nil {
		return nil, nil, err
	}
	return client.OAuth2(source), sign, nil
}

// accountGrant obtains an access token for an assertion that the service account's key
// signs. The file is read each time, which is about once an hour.
func accountGrant(file secret.Source, hc *http.Client) tokens.Grant {
	return func(ctx context.Context) (*oauth2.Token, error) {
		cfg, err := oauthflow.GoogleServiceAccount(ctx, file, scope)
		if err != nil {
			return nil, err
		}
		var opts []oauthflow.Option
		if hc != nil {
			opts = append(opts, oauthflow.WithHTTPClient(hc))
		}
		account, err := oauthflow.New(cfg, opts...)
		if err != nil {
			return nil, err
		}
		return account.JWTBearer(ctx, oauthflow.Assertion{})
	}
}
