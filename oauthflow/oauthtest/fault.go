package oauthtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Fault is a way in which the token endpoint misbehaves.
type Fault int

// The faults. "After" means that the request has taken effect: the code is
// used, the refresh token is rotated. "Before" means that it has not.
const (
	None                Fault = iota // behave
	BadGatewayBefore                 // 502 with an HTML page
	BadGatewayAfter                  // 502 with an HTML page
	Unavailable                      // 503 with Retry-After: 7, before
	DropBefore                       // the connection breaks off
	DropAfter                        // the connection breaks off
	HangBefore                       // no response until the client gives up
	HangAfter                        // no response until the client gives up
	TruncatedJSON                    // half of the response, and the connection breaks off
	HalfJSON                         // half of the response as if it were whole
	HTML                             // a 200 with an HTML page, after
	EmptyBody                        // a 200 without a body, after
	TextPlain                        // JSON under text/plain
	FormEncoded                      // form parameters
	StringExpiresIn                  // "expires_in": "3600"
	FractionalExpiresIn              // "expires_in": 3599.5
	NoExpiresIn                      // no expires_in
	ErrorIn200                       // invalid_grant with status 200, before
	RedirectBefore                   // 307 to the same endpoint
	InvalidGrant                     // invalid_grant, before
	ServerError                      // 500 with a JSON error, before
)

// Inject puts faults in a queue: each token request takes one from it, and
// behaves once it is empty.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// SetLatency delays the responses of the token endpoint, after they took effect.
func (s *Server) SetLatency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

func (s *Server) nextFault() (Fault, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return None, s.latency
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f, s.latency
}

const badGatewayPage = "<html><head><title>502 Bad Gateway</title></head><body>proxy</body></html>"

// before misbehaves ahead of the request's effect and reports whether it
// responded.
func (f Fault) before(w http.ResponseWriter, r *http.Request) bool {
	switch f {
	case BadGatewayBefore:
		writePage(w, http.StatusBadGateway)
	case Unavailable:
		w.Header().Set("Retry-After", "7")
		writePage(w, http.StatusServiceUnavailable)
	case DropBefore:
		panic(http.ErrAbortHandler)
	case HangBefore:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case ErrorIn200:
		writeJSON(w, http.StatusOK, map[string]string{"error": "invalid_grant", "error_description": "scripted"})
	case RedirectBefore:
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	case InvalidGrant:
		refuse("invalid_grant", "scripted").write(w)
	case ServerError:
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error", "error_description": "scripted"})
	default:
		return false
	}
	return true
}

// respond writes a token response, or what the fault makes of it.
func (f Fault) respond(w http.ResponseWriter, r *http.Request, body map[string]any) {
	switch f {
	case StringExpiresIn:
		body["expires_in"] = strconv.Itoa(body["expires_in"].(int))
	case FractionalExpiresIn:
		body["expires_in"] = float64(body["expires_in"].(int)) - 0.5
	case NoExpiresIn:
		delete(body, "expires_in")
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	switch f {
	case BadGatewayAfter:
		writePage(w, http.StatusBadGateway)
	case HTML:
		writePage(w, http.StatusOK)
	case EmptyBody:
		w.WriteHeader(http.StatusOK)
	case DropAfter:
		panic(http.ErrAbortHandler)
	case HangAfter:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case TruncatedJSON:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text[:len(text)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case HalfJSON:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text[:len(text)/2])
	case FormEncoded:
		form := url.Values{}
		for k, v := range body {
			form.Set(k, formText(v))
		}
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		_, _ = w.Write([]byte(form.Encode()))
	case TextPlain:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(text)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	}
}

func formText(v any) string {
	if n, ok := v.(int); ok {
		return strconv.Itoa(n)
	}
	s, _ := v.(string)
	return s
}

func writePage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(badGatewayPage))
}
