package datadog

import (
	"net/http"
	"slices"
)

// Site is where an account is: the end of the address at which it is seen in a browser
// ("Getting Started with Datadog Sites", Datadog docs). An account is at one site alone.
type Site string

// The sites.
const (
	US1    Site = "datadoghq.com"
	US3    Site = "us3.datadoghq.com"
	US5    Site = "us5.datadoghq.com"
	EU1    Site = "datadoghq.eu"
	AP1    Site = "ap1.datadoghq.com"
	AP2    Site = "ap2.datadoghq.com"
	UK1    Site = "uk1.datadoghq.com"
	US1Gov Site = "ddog-gov.com"     // US1-FED
	US2Gov Site = "us2.ddog-gov.com" // US2-FED
)

// known reports whether s is one of them. A key goes nowhere else, whatever a variable of
// the environment says.
func (s Site) known() bool {
	return slices.Contains([]Site{US1, US3, US5, EU1, AP1, AP2, UK1, US1Gov, US2Gov}, s)
}

// The hosts of each site.
const (
	api         = "api"
	logsIntake  = "http-intake.logs"
	eventIntake = "event-management-intake"
)

func (s Site) host(name string) string { return name + "." + string(s) }

func (s Site) url(name string) string { return "https://" + s.host(name) }

// toIntakes sends what an intake takes to its host: whoever calls an operation need not
// know that it has another. What goes to a base URL of the user's own stays as it is.
func (s Site) toIntakes(next http.RoundTripper) http.RoundTripper {
	from := s.host(api)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != from || r.Method != http.MethodPost {
			return next.RoundTrip(r)
		}
		var to string
		switch r.URL.Path {
		case SubmitLogs.Route:
			to = s.host(logsIntake)
		case SubmitEvent.Route:
			to = s.host(eventIntake)
		default:
			return next.RoundTrip(r)
		}
		moved, u := *r, *r.URL
		u.Host = to
		moved.URL, moved.Host = &u, ""
		return next.RoundTrip(&moved)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
