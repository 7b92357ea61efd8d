package session

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// Where Google publishes the certificates of Firebase Authentication.
const (
	firebaseTokenKeys  = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
	firebaseCookieKeys = "https://www.googleapis.com/identitytoolkit/v3/relyingparty/publicKeys"
)

const maxFirebaseSubject = 128 // characters

// Firebase returns the profile of the ID tokens of Firebase Authentication and
// Identity Platform (Firebase docs, "Verify ID tokens"). The project is the
// project ID.
//
// Required are "kid", "exp", "iat", "auth_time" and a "sub" of 1 to 128
// characters; "aud" must be the project, as a string, and "iss" its issuer.
// Firebase session cookies are refused; [FirebaseCookie] is for those. Use
// [TokensValidAfter] to have tokens refused once they were revoked.
//
// The Session has the tenant of Identity Platform as its organization, if there
// is one, and AuthTime. Custom claims are for [Session.Claims].
func Firebase(project string) Profile {
	return firebase(project, "https://securetoken.google.com/"+project, firebaseTokenKeys)
}

// FirebaseCookie returns the profile of Firebase session cookies (Firebase docs,
// "Manage session cookies"): as [Firebase], with an issuer and keys of their own.
// ID tokens are refused.
func FirebaseCookie(project string) Profile {
	return firebase(project, "https://session.firebase.google.com/"+project, firebaseCookieKeys)
}

func firebase(project, issuer, keys string) Profile {
	p := Profile{
		rules:      claims.Rules{Issuer: issuer, Audience: []string{project}, RequireIssuedAt: true},
		algorithms: []jose.Algorithm{jose.RS256},
		types:      []string{"", "JWT"},
		keys:       keyset.Config{URL: keys, Format: keyset.Certificates},
		read:       readFirebase,
		firebase:   true,
	}
	if project == "" || strings.ContainsAny(project, "/?#%@ \t\r\n") {
		p.err = errors.New("not a project ID of Firebase")
	}
	return p
}

func readFirebase(r *reading) error {
	s := r.session
	if _, err := r.set.String("aud"); err != nil {
		return err
	}
	if utf8.RuneCountInString(s.Subject) > maxFirebaseSubject {
		return refuse(ErrMalformed, `"sub" is longer than 128 characters`)
	}
	if s.AuthTime.IsZero() {
		return refuse(ErrMalformed, `"auth_time" is missing`)
	}
	info, ok, err := r.set.Object("firebase")
	if err != nil || !ok {
		return err
	}
	s.Organization.ID, err = info.String("tenant")
	return err
}
