// Package serviceaccount reads the JSON key file of a Google service account, for what
// signs with it: self-signed tokens in client, assertions in oauthflow, and the adapters
// of Google's services.
//
// Source: Google Cloud docs, "Create and delete service account keys".
package serviceaccount

import (
	"encoding/json"
	"errors"

	"github.com/standpipe-go/standpipe/internal/jose"
)

// File is what a key file says. Printing it does not show the key.
type File struct {
	ClientEmail  string // who the account is
	ClientID     string // by which an administrator knows it; "" in some files
	PrivateKeyID string
	TokenURI     string // the token endpoint, which may be anybody's; "" is Google's

	key func() string // a closure, since printers look into fields
}

var (
	errNoJSON   = errors.New("the key file is not JSON")
	errNotOfOne = errors.New("the key file is not one of a service account")
)

// Parse reads a key file. What stands for the key is not looked at. No error repeats
// anything of the text.
func Parse(text string) (File, error) {
	var said struct {
		Type         string `json:"type"`
		ClientEmail  string `json:"client_email"`
		ClientID     string `json:"client_id"`
		PrivateKey   string `json:"private_key"`
		PrivateKeyID string `json:"private_key_id"`
		TokenURI     string `json:"token_uri"`
	}
	if json.Unmarshal([]byte(text), &said) != nil {
		return File{}, errNoJSON // the decoder's text may quote it
	}
	if said.Type != "service_account" || said.ClientEmail == "" || said.PrivateKey == "" {
		return File{}, errNotOfOne
	}
	return File{
		ClientEmail: said.ClientEmail, ClientID: said.ClientID, PrivateKeyID: said.PrivateKeyID, TokenURI: said.TokenURI,
		key: func() string { return said.PrivateKey },
	}, nil
}

// Signer parses the key, which signs with a, or with what is usual for it where a is "".
func (f File) Signer(a jose.Algorithm) (*jose.Signer, error) {
	key, err := jose.ParsePrivateKeyPEM(f.key())
	if err != nil {
		return nil, err
	}
	return jose.NewSigner(key, a, f.PrivateKeyID)
}
