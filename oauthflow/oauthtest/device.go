package oauthtest

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"
)

const deviceLifetime = 10 * time.Minute

// deviceAuthorization is the endpoint of RFC 8628 section 3.1.
func (s *Server) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		refuse("invalid_request", "the form is damaged").write(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ref := s.authenticate(r)
	if ref != nil {
		ref.write(w)
		return
	}
	text := rand.Text()
	d := &device{
		client: c.ID, userCode: text[:4] + "-" + text[4:8], scopes: strings.Fields(r.PostForm.Get("scope")),
		expires: s.now().Add(deviceLifetime),
	}
	secret := random("dev_")
	s.state.devices[secret] = d
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code": secret, "user_code": d.userCode,
		"verification_uri":          s.URL + "/device",
		"verification_uri_complete": s.URL + "/device?user_code=" + d.userCode,
		"expires_in":                int(deviceLifetime / time.Second),
		"interval":                  int(s.cfg.DeviceInterval / time.Second),
	})
}

// ApproveDevice plays the user who enters the code at the verification page and
// consents.
func (s *Server) ApproveDevice(userCode, subject string) error {
	if _, ok := s.user(subject); !ok {
		return errors.New("oauthtest: there is no such user")
	}
	return s.decideDevice(userCode, func(d *device) { d.subject = subject })
}

// DenyDevice plays the user who refuses.
func (s *Server) DenyDevice(userCode string) error {
	return s.decideDevice(userCode, func(d *device) { d.denied = true })
}

func (s *Server) decideDevice(userCode string, decide func(*device)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.state.devices {
		if strings.EqualFold(d.userCode, strings.TrimSpace(userCode)) && s.now().Before(d.expires) && d.subject == "" && !d.denied {
			decide(d)
			return nil
		}
	}
	return errors.New("oauthtest: no device waits for this code")
}

func (s *Server) redeemDevice(req tokenRequest) (map[string]any, *refusal) {
	d, ok := s.state.devices[req.form.Get("device_code")]
	now := s.cfg.Now()
	switch {
	case !ok || d.client != req.client.ID || d.used:
		return nil, refuse("invalid_grant", "the device code is unknown or used")
	case !now.Before(d.expires):
		return nil, refuse("expired_token", "the device code has expired")
	case !d.polled.IsZero() && now.Sub(d.polled) < s.cfg.DeviceInterval:
		d.polled = now
		return nil, refuse("slow_down", "polling too fast")
	case d.denied:
		return nil, refuse("access_denied", "the user refused")
	case d.subject == "":
		d.polled = now
		return nil, refuse("authorization_pending", "the user has not decided yet")
	}
	d.used = true
	f := s.newFamily(d.client, d.subject, d.scopes)
	f.jkt = req.jkt
	return s.respond(f, true), nil
}

func (s *Server) devicePage(w http.ResponseWriter, r *http.Request) {
	writeHTML(w, http.StatusOK, devicePage, map[string]any{
		"Name": s.cfg.Name, "UserCode": r.URL.Query().Get("user_code"), "Users": s.cfg.Users,
	})
}

func (s *Server) deviceDecision(w http.ResponseWriter, r *http.Request) {
	userCode, subject := r.PostFormValue("user_code"), r.PostFormValue("subject")
	message := "Done. You can close this page."
	var err error
	if subject == "" {
		err = s.DenyDevice(userCode)
	} else {
		err = s.ApproveDevice(userCode, subject)
	}
	if err != nil {
		message = "No device waits for this code."
	}
	writeHTML(w, http.StatusOK, devicePage, map[string]any{"Name": s.cfg.Name, "Message": message})
}
