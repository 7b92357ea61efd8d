package resendtest

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// contact finds one by its ID or its address.
func (s *Server) contact(c *faketest.Call) (*contact, *failure) {
	id := c.PathValue("id")
	i := slices.IndexFunc(s.contacts, func(have *contact) bool { return have.ID == id || strings.EqualFold(have.Email, id) })
	if i < 0 {
		return nil, noSuch("Contact")
	}
	return s.contacts[i], nil
}

func createContact(s *Server, c *faketest.Call) (any, *failure) {
	in, wrong := read[contact](c)
	if wrong != nil {
		return nil, wrong
	}
	if in.Email == "" {
		return nil, missing("email")
	}
	if _, err := mail.ParseAddress(in.Email); err != nil {
		return nil, invalid("Invalid `email` field.")
	}
	made := &in
	if i := slices.IndexFunc(s.contacts, func(have *contact) bool { return strings.EqualFold(have.Email, in.Email) }); i >= 0 {
		made = s.contacts[i] // the address is one contact
	} else {
		made.Object, made.ID, made.CreatedAt = "contact", s.id(), stamp(time.Now())
		s.contacts = append(s.contacts, made)
	}
	return created{map[string]any{"object": "contact", "id": made.ID}}, nil
}

func getContact(s *Server, c *faketest.Call) (any, *failure) {
	have, wrong := s.contact(c)
	if wrong != nil {
		return nil, wrong
	}
	return have, nil
}

func updateContact(s *Server, c *faketest.Call) (any, *failure) {
	have, wrong := s.contact(c)
	if wrong != nil {
		return nil, wrong
	}
	in, wrong := read[struct {
		Email        *string        `json:"email"`
		FirstName    *string        `json:"first_name"`
		LastName     *string        `json:"last_name"`
		Unsubscribed *bool          `json:"unsubscribed"`
		Properties   map[string]any `json:"properties"`
	}](c)
	if wrong != nil {
		return nil, wrong
	}
	set(&have.Email, in.Email)
	set(&have.FirstName, in.FirstName)
	set(&have.LastName, in.LastName)
	set(&have.Unsubscribed, in.Unsubscribed)
	for name, v := range in.Properties {
		if have.Properties == nil {
			have.Properties = map[string]any{}
		}
		have.Properties[name] = v
	}
	return map[string]any{"object": "contact", "id": have.ID}, nil
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

func deleteContact(s *Server, c *faketest.Call) (any, *failure) {
	have, wrong := s.contact(c)
	if wrong != nil {
		return nil, wrong
	}
	s.contacts = slices.DeleteFunc(s.contacts, func(other *contact) bool { return other == have })
	return map[string]any{"object": "contact", "id": have.ID, "contact": have.ID, "deleted": true}, nil
}

func listContacts(s *Server, c *faketest.Call) (any, *failure) {
	return page(c, newestFirst(s.contacts), func(c *contact) any { return c })
}

func createAudience(s *Server, c *faketest.Call) (any, *failure) {
	in, wrong := read[audience](c)
	if wrong != nil {
		return nil, wrong
	}
	if in.Name == "" {
		return nil, missing("name")
	}
	in.Object, in.ID, in.CreatedAt = "audience", s.id(), stamp(time.Now())
	s.audiences = append(s.audiences, &in)
	return created{in}, nil
}

func listAudiences(s *Server, c *faketest.Call) (any, *failure) {
	return page(c, newestFirst(s.audiences), func(a *audience) any { return a })
}
