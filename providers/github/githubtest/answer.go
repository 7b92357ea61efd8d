package githubtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// answer is a response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

type object = map[string]any

func respond(status int, v any) *answer {
	a := &answer{status: status, header: http.Header{}}
	if v != nil {
		a.header.Set("Content-Type", "application/json; charset=utf-8")
		var err error
		if a.body, err = json.Marshal(v); err != nil {
			panic(err) // it is made of maps and texts
		}
	}
	return a
}

// refuse is an error as GitHub has them.
func refuse(status int, message string, errors ...object) *answer {
	return refer("https://docs.github.com/rest", status, message, errors...)
}

// refer is refuse with a page of the documentation, by which go-github tells errors
// apart.
func refer(page string, status int, message string, errors ...object) *answer {
	v := object{"message": message, "documentation_url": page, "status": strconv.Itoa(status)}
	if len(errors) > 0 {
		v["errors"] = errors
	}
	return respond(status, v)
}

func notFound() *answer { return refuse(http.StatusNotFound, "Not Found") }

// invalid is a 422 for fields of a resource that are missing.
func invalid(resource string, missing ...string) *answer {
	var errors []object
	for _, field := range missing {
		errors = append(errors, object{"resource": resource, "field": field, "code": "missing_field"})
	}
	return refuse(http.StatusUnprocessableEntity, "Validation Failed", errors...)
}

// page cuts a page out of a list, and links to the others (RFC 8288).
func page[T any](r *http.Request, base string, all []T, show func(T) object) *answer {
	size, number := bounds(r)
	last := max(1, (len(all)+size-1)/size)
	from := min((number-1)*size, len(all))
	list := []object{}
	for _, item := range all[from:min(from+size, len(all))] {
		list = append(list, show(item))
	}
	a := respond(http.StatusOK, list)
	var links []string
	link := func(rel string, to int) {
		links = append(links, fmt.Sprintf("<%s>; rel=%q", linkTo(r, base, "page", strconv.Itoa(to)), rel))
	}
	if number > 1 {
		link("prev", number-1)
	}
	if number < last {
		link("next", number+1)
		link("last", last)
	}
	if number > 1 {
		link("first", 1)
	}
	if len(links) > 0 {
		a.header.Set("Link", strings.Join(links, ", "))
	}
	return a
}

// bounds are the size and number of the page that is asked for.
func bounds(r *http.Request) (size, number int) {
	size, number = 30, 1
	if n, err := strconv.Atoi(r.URL.Query().Get("per_page")); err == nil && n > 0 {
		size = min(n, 100)
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && n > 0 {
		number = n
	}
	return size, number
}

// linkTo is the request's URL with one parameter changed.
func linkTo(r *http.Request, base, name, value string) string {
	q := r.URL.Query()
	q.Set(name, value)
	return base + r.URL.EscapedPath() + "?" + q.Encode()
}

// baseOf is where the client has its API: a program that follows links must find them.
func (s *Server) baseOf(r *http.Request) string {
	base := s.URL
	if path, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(path, "/api/v3/") {
		u, err := url.Parse(base)
		if err == nil {
			base = u.JoinPath("/api/v3").String()
		}
	}
	return base
}

// conditional gives a GET its ETag, and makes a 304 of one that has not changed.
func (a *answer) conditional(r *http.Request) *answer {
	if r.Method != http.MethodGet || a.status != http.StatusOK {
		return a
	}
	sum := sha256.Sum256(slices.Concat(a.body, []byte(r.Header.Get("Accept"))))
	tag := hex.EncodeToString(sum[:])
	a.header.Set("ETag", `W/"`+tag+`"`)
	a.header.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	a.header.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
	for candidate := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.Trim(strings.TrimPrefix(strings.TrimSpace(candidate), "W/"), `"`) == tag {
			return &answer{status: http.StatusNotModified, header: a.header}
		}
	}
	return a
}
