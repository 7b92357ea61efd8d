package sentry

import (
	"net/url"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// DSN says where the events of a project go, and by which key ("Authentication: Parsing
// the DSN", Sentry SDK docs). However it is printed, its keys are not in it. It is
// immutable.
type DSN struct {
	base    string // scheme, host and the path before the project
	project string
	key     secret.Value
	secret  secret.Value // deprecated; "" is none
}

// DSNError says what is wrong with a DSN, and holds nothing of it. It matches
// client.ErrConfig.
type DSNError struct{ Problem string }

func (e *DSNError) Error() string { return "sentry: the DSN " + e.Problem }

// Is reports whether target is client.ErrConfig.
func (e *DSNError) Is(target error) bool { return target == client.ErrConfig }

// ParseDSN reads "https://KEY@HOST/PROJECT". A secret may follow the key, and a path come
// before the project: "http://KEY:SECRET@HOST:9000/sentry/PROJECT". Every error is a
// *DSNError.
func ParseDSN(text string) (*DSN, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" { // the error would quote it
		return nil, &DSNError{"is no URL"}
	}
	prefix, project := cutLast(u.EscapedPath())
	hidden, _ := u.User.Password()
	d := &DSN{base: u.Scheme + "://" + u.Host + prefix, project: project, key: secret.New(u.User.Username()), secret: secret.New(hidden)}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, &DSNError{"does not begin with https:// or http://"}
	case u.Hostname() == "":
		return nil, &DSNError{"has no host"}
	case d.key.Reveal() == "":
		return nil, &DSNError{"has no public key: it is what stands before the @"}
	case !plain(d.key.Reveal()), !plain(hidden):
		return nil, &DSNError{"has a key with a character that no key has"}
	case project == "":
		return nil, &DSNError{"does not end in the ID of a project"}
	case !plain(project), strings.Contains(prefix+"/", "//"), strings.Contains(prefix+"/", "/../"), strings.Contains(prefix+"/", "/./"):
		return nil, &DSNError{"has a path that does not lead to a project"}
	case u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return nil, &DSNError{"has something behind the ID of the project"}
	}
	return d, nil
}

// cutLast cuts "/a/b/7" before its last slash.
func cutLast(path string) (prefix, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// plain reports whether s is made of what keys and IDs are made of.
func plain(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// Project is the ID of the project.
func (d *DSN) Project() string { return d.project }

// String returns the DSN without its keys.
func (d *DSN) String() string {
	scheme, rest, _ := strings.Cut(d.base, "://")
	return scheme + "://" + secret.Redacted + "@" + rest + "/" + d.project
}

// GoString returns the same.
func (d *DSN) GoString() string { return d.String() }

// credential is what follows sentry_key= in the header X-Sentry-Auth.
func (d *DSN) credential() string {
	if hidden := d.secret.Reveal(); hidden != "" {
		return d.key.Reveal() + ", sentry_secret=" + hidden
	}
	return d.key.Reveal()
}
