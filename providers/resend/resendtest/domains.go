package resendtest

import (
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

func createDomain(s *Server, c *faketest.Call) (any, *failure) {
	in, wrong := read[domain](c)
	switch {
	case wrong != nil:
		return nil, wrong
	case in.Name == "":
		return nil, missing("name")
	case slices.ContainsFunc(s.domains, func(d *domain) bool { return strings.EqualFold(d.Name, in.Name) }):
		return nil, &failure{403, "validation_error", "The " + in.Name + " domain has been registered already."}
	}
	if in.Region == "" {
		in.Region = "us-east-1"
	}
	d := &domain{"domain", s.id(), in.Name, "not_started", in.Region, stamp(time.Now()), []map[string]any{{
		"record": "DKIM", "name": "resend._domainkey", "type": "TXT", "ttl": "Auto", "status": "not_started", "value": "p=fake",
	}}}
	s.domains = append(s.domains, d)
	return created{d}, nil
}

func getDomain(s *Server, c *faketest.Call) (any, *failure) {
	d, wrong := byID(s.domains, c.PathValue("id"), "Domain")
	if wrong != nil {
		return nil, wrong
	}
	return d, nil
}

func listDomains(s *Server, c *faketest.Call) (any, *failure) {
	return page(c, newestFirst(s.domains), func(d *domain) any {
		short := *d
		short.Records = nil
		return short
	})
}

func verifyDomain(s *Server, c *faketest.Call) (any, *failure) {
	d, wrong := byID(s.domains, c.PathValue("id"), "Domain")
	if wrong != nil {
		return nil, wrong
	}
	d.Status, d.Records[0]["status"] = "verified", "verified"
	return map[string]any{"object": "domain", "id": d.ID}, nil
}

func deleteDomain(s *Server, c *faketest.Call) (any, *failure) {
	d, wrong := byID(s.domains, c.PathValue("id"), "Domain")
	if wrong != nil {
		return nil, wrong
	}
	s.domains = slices.DeleteFunc(s.domains, func(other *domain) bool { return other == d })
	return map[string]any{"object": "domain", "id": d.ID, "deleted": true}, nil
}
