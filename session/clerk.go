package session

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// Clerk returns the profile of Clerk's session tokens, versions 1 and 2 (Clerk
// docs, "Session tokens"). The issuer is the Frontend API URL of the instance,
// such as https://verb-noun-00.clerk.accounts.dev or https://clerk.example.com;
// [ClerkIssuer] derives it from a publishable key. The authorized parties are the
// origins that the application is served from, such as https://app.example.com, as
// browsers send them: scheme, host, and a port that is not the scheme's own, without a
// slash at the end. Without the check of "azp" against them, a token that another
// subdomain got hold of passes here.
//
// Required are "exp", "nbf", "sub", "sid" and "azp"; a session that is pending is
// refused. [AllowTemplateTokens] and [AllowMissingAuthorizedParty] relax this.
// Keys come from /.well-known/jwks.json of the issuer.
//
// Session tokens have no "aud", unless the instance adds one to them. It is not looked
// at, as in Clerk's own libraries, unless [WithAudience] says what it must be; tokens of
// JWT templates, which are often made for somebody else, need that.
//
// The Session has the active organization with its role (org:admin), and the
// permissions (org:invoices:read).
func Clerk(issuer string, authorizedParties ...string) Profile {
	parties := slices.Clone(authorizedParties)
	err := checkClerkIssuer(issuer)
	// Tokens state it to the letter, and no instance's ends with a slash.
	issuer = strings.TrimSuffix(issuer, "/")
	p := Profile{
		rules:      claims.Rules{Issuer: issuer},
		algorithms: []jose.Algorithm{jose.RS256},
		types:      []string{"", "JWT"},
		keys:       keyset.Config{URL: issuer + "/.well-known/jwks.json"},
		parties:    partyRequired,
		partyList:  parties,
		err:        err,
	}
	for _, party := range parties {
		if p.err == nil {
			p.err = checkOrigin(party)
		}
	}
	p.read = func(r *reading) error { return readClerk(r, parties) }
	return p
}

// ClerkIssuer returns the issuer of the instance that a publishable key
// (pk_test_…, pk_live_…) belongs to: the key is the host of its Frontend API in
// base64, followed by a dollar sign.
func ClerkIssuer(publishableKey string) (string, error) {
	encoded, ok := strings.CutPrefix(publishableKey, "pk_live_")
	if !ok {
		encoded, ok = strings.CutPrefix(publishableKey, "pk_test_")
	}
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	host, terminated := strings.CutSuffix(string(decoded), "$")
	if !ok || err != nil || !terminated || host == "" || strings.ContainsAny(host, "/?#@$ \\%\r\n\t") {
		return "", errors.New("session: not a publishable key of Clerk")
	}
	return "https://" + host, nil
}

// checkClerkIssuer tells the keys of an instance from its issuer, and repeats none of
// them: one is secret.
func checkClerkIssuer(issuer string) error {
	switch given := strings.TrimSpace(issuer); {
	case strings.HasPrefix(given, "pk_"):
		return errors.New("what is given as the issuer is a publishable key: session.ClerkIssuer makes the issuer of it")
	case strings.HasPrefix(given, "sk_"):
		return errors.New("what is given as the issuer is a secret key: session.ClerkIssuer makes the issuer of the publishable one")
	}
	return checkIssuerURL(issuer)
}

// clerkMachine begins the subject of tokens between machines (Clerk docs, "M2M
// tokens"), which the instance signs with the same key and type.
const clerkMachine = "mch_"

func readClerk(r *reading, parties []string) error {
	s := r.session
	if r.registered.NotBefore.IsZero() {
		return refuse(ErrMalformed, `"nbf" is missing`)
	}
	if err := r.authorizedParty(parties, r.settings.allowNoParty); err != nil {
		return err
	}
	if s.ID == "" && (r.set.Has("sid") || !r.settings.allowTemplates) {
		return refuse(ErrWrongType, `no "sid": not a session token`)
	}
	if strings.HasPrefix(s.Subject, clerkMachine) {
		return refuse(ErrWrongType, "a machine's token")
	}
	status, err := r.set.String("sts")
	if err != nil {
		return err
	}
	if r.set.Has("sts") && status != "active" {
		return refuse(ErrPending, `"sts" is not active`)
	}
	switch version := string(r.set.Raw("v")); version {
	case "", "1":
		return readClerkOrganization1(r)
	case "2":
		return readClerkOrganization2(r)
	}
	// What organizations look like in a later version cannot be known: the user
	// is signed in, and has no role or permission here.
	return nil
}

func readClerkOrganization1(r *reading) (err error) {
	o := &r.session.Organization
	if o.ID, err = r.set.String("org_id"); err != nil || o.ID == "" {
		return err
	}
	if o.Name, err = r.set.String("org_slug"); err != nil {
		return err
	}
	if o.Role, err = r.set.String("org_role"); err != nil {
		return err
	}
	r.session.Permissions, err = r.set.Strings("org_permissions")
	return err
}

func readClerkOrganization2(r *reading) error {
	org, ok, err := r.set.Object("o")
	if err != nil || !ok {
		return err
	}
	o := &r.session.Organization
	if o.ID, err = org.String("id"); err != nil {
		return err
	}
	if o.ID == "" {
		return nil
	}
	if o.Name, err = org.String("slg"); err != nil {
		return err
	}
	role, err := org.String("rol")
	if err != nil {
		return err
	}
	if role != "" {
		o.Role = "org:" + role
	}
	var fields [3]string
	for i, f := range []struct {
		set  claims.Set
		name string
	}{{r.set, "fea"}, {org, "per"}, {org, "fpm"}} {
		if fields[i], err = f.set.String(f.name); err != nil {
			return err
		}
	}
	r.session.Permissions = clerkPermissions(fields[0], fields[1], fields[2])
	return nil
}

// clerkPermissions unpacks the permissions of version 2: features lists what the
// plan has, each with the scopes o (organization) and u (user) in front of a
// colon; permissions lists names; masks has one integer per feature, whose
// bits say which of the permissions the user has for it.
//
// Whether masks counts all features or those of the organization alone, Clerk's
// own libraries disagree; the number of masks tells. Where the three do not fit
// together nobody can tell what was meant, and no permission is granted.
func clerkPermissions(features, permissions, masks string) []string {
	var all, ofOrganization []string
	for feature := range strings.SplitSeq(features, ",") {
		scopes, name, ok := strings.Cut(feature, ":")
		if !ok || name == "" {
			return nil
		}
		if strings.Contains(scopes, "o") {
			ofOrganization = append(ofOrganization, name)
		} else {
			name = ""
		}
		all = append(all, name)
	}
	values := strings.Split(masks, ",")
	if len(values) == len(ofOrganization) {
		all = ofOrganization
	}
	names := strings.Split(permissions, ",")
	if len(values) != len(all) || len(names) > 64 {
		return nil
	}
	var granted []string
	for i, value := range values {
		mask, err := strconv.ParseUint(value, 10, 64)
		if err != nil || mask>>(len(names)-1)>>1 != 0 {
			return nil
		}
		for j, permission := range names {
			if all[i] != "" && permission != "" && mask>>j&1 == 1 {
				granted = append(granted, "org:"+all[i]+":"+permission)
			}
		}
	}
	return granted
}
