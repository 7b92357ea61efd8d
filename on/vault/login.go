package onvault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Login is how an application shows Vault who it is: [Token] or [AppRole].
type Login interface {
	// login obtains a token.
	login(ctx context.Context, api *client.Client) (lease, error)
	check() error
}

// lease is a token and how long it lives.
type lease struct {
	token     secret.Value
	ttl       time.Duration // 0 is for ever, or unknown
	renewable bool
}

// Token logs in with a token that somebody else obtains, such as a Vault Agent that
// writes it into a file: src is read again when Vault refuses the token, or it can no
// longer be renewed.
func Token(src secret.Source) Login { return tokenLogin{src} }

type tokenLogin struct{ src secret.Source }

func (l tokenLogin) check() error {
	if err := secret.Check(l.src); err != nil {
		return fmt.Errorf("the token: %w", err)
	}
	return nil
}

// login asks how long the token lives. That it may not ask, or that there is no answer,
// is no reason not to use it.
func (l tokenLogin) login(ctx context.Context, api *client.Client) (lease, error) {
	if err := secret.Refresh(ctx, l.src); err != nil {
		return lease{}, fmt.Errorf("the token: %w", err)
	}
	token, err := secret.Current(ctx, l.src)
	if err != nil {
		return lease{}, fmt.Errorf("the token: %w", err)
	}
	said, err := lookUp.Do(ctx, api, tokenIn{token.Reveal()})
	if err != nil {
		return lease{token: token}, ctx.Err()
	}
	return lease{token, seconds(said.Data.TTL), said.Data.Renewable}, nil
}

// AppRoleConfig is the role of [AppRole].
type AppRoleConfig struct {
	// RoleID is the role's ID.
	RoleID string
	// SecretID is read at each login. Nil is none, for a role that is not bound to one.
	SecretID secret.Source
	// Mount is where the auth method is mounted; "" is "approle".
	Mount string
}

// AppRole logs in as a role (Vault docs, "AppRole auth method").
func AppRole(cfg AppRoleConfig) Login {
	if cfg.Mount == "" {
		cfg.Mount = "approle"
	}
	return appRole{cfg}
}

type appRole struct{ cfg AppRoleConfig }

func (l appRole) check() error {
	if l.cfg.RoleID == "" {
		return errors.New("the role has no ID")
	}
	if l.cfg.SecretID == nil {
		return nil
	}
	if err := secret.Check(l.cfg.SecretID); err != nil {
		return fmt.Errorf("the secret ID: %w", err)
	}
	return nil
}

func (l appRole) login(ctx context.Context, api *client.Client) (lease, error) {
	in := appRoleIn{Mount: l.cfg.Mount, RoleID: l.cfg.RoleID}
	if l.cfg.SecretID != nil {
		// A secret ID that was used up or replaced is not tried for ever.
		if err := secret.Refresh(ctx, l.cfg.SecretID); err != nil {
			return lease{}, fmt.Errorf("the secret ID: %w", err)
		}
		id, err := secret.Current(ctx, l.cfg.SecretID)
		if err != nil {
			return lease{}, fmt.Errorf("the secret ID: %w", err)
		}
		in.SecretID = id.Reveal()
	}
	said, err := appRoleLogin.Do(ctx, api, in)
	if err != nil {
		return lease{}, err
	}
	return said.lease()
}

// The requests about tokens.
var (
	appRoleLogin = client.Op[appRoleIn, authOut]{Name: "approle.login", Method: "POST", Route: "/v1/auth/{mount...}/login"}
	lookUp       = client.Op[tokenIn, lookUpOut]{Name: "token.lookup_self", Route: "/v1/auth/token/lookup-self"}
	renew        = client.Op[tokenIn, authOut]{Name: "token.renew_self", Method: "POST", Route: "/v1/auth/token/renew-self", Repeatable: true}
)

type appRoleIn struct {
	Mount    string `path:"mount"`
	RoleID   string `json:"role_id"`
	SecretID string `json:"secret_id,omitempty"`
}

type tokenIn struct {
	Token string `header:"X-Vault-Token"`
}

type authOut struct {
	Auth struct {
		ClientToken   string `json:"client_token"`
		LeaseDuration int64  `json:"lease_duration"`
		Renewable     bool   `json:"renewable"`
	} `json:"auth"`
}

type lookUpOut struct {
	Data struct {
		TTL       int64 `json:"ttl"`
		Renewable bool  `json:"renewable"`
	} `json:"data"`
}

func (o authOut) lease() (lease, error) {
	token := secret.New(o.Auth.ClientToken)
	if token.IsBlank() {
		return lease{}, errors.New("the response to the login has no token")
	}
	return lease{token, seconds(o.Auth.LeaseDuration), o.Auth.Renewable}, nil
}

// seconds is a time that somebody else names: nothing that is negative, or longer than
// years.
func seconds(n int64) time.Duration {
	const most = 10 * 365 * 24 * 3600
	return time.Duration(min(max(n, 0), most)) * time.Second
}
