package session

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/internal/quote"
)

// checkOrigin holds an authorized party of Clerk to the form that it has in a token,
// the browser's Origin header (RFC 6454 section 6.2): in any other form it would equal
// no token's "azp". The scheme may be any, such as chrome-extension or capacitor.
func checkOrigin(origin string) error {
	if strings.TrimSpace(origin) == "" {
		return errors.New("an empty authorized party")
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme+"://"+u.Host != origin || !isHost(u) || !isPort(u) {
		return fmt.Errorf("the authorized party %s is not an origin as browsers send it, such as https://app.example.com "+
			"or http://localhost:3000: a scheme and a host in lower case, the port unless it is the scheme's own, "+
			"no slash at the end", quote.Text(origin, maxQuoted))
	}
	return nil
}

func isHost(u *url.URL) bool {
	host := u.Hostname()
	if strings.Contains(host, ":") {
		a, _ := netip.ParseAddr(host) // the zero Addr, which is written as no host is
		return a.String() == host
	}
	allowed := "abcdefghijklmnopqrstuvwxyz0123456789-._"
	if u.Scheme != "https" && u.Scheme != "http" {
		allowed += "ABCDEFGHIJKLMNOPQRSTUVWXYZ" // browsers write these as they were given
	}
	return host != "" && strings.Trim(host, allowed) == ""
}

func isPort(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	_, err := strconv.ParseUint(port, 10, 16)
	own := u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80"
	return err == nil && port[0] != '0' && !own
}
