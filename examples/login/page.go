package main

import (
	"html/template"
	"net/http"
	"time"
)

const head = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; --line: #c6ced8; --ink: #1d2733; --soft: #5b6776; --card: #fff; --page: #eef1f5; }
@media (prefers-color-scheme: dark) { :root { --line: #3b4653; --ink: #e8edf3; --soft: #9aa7b6; --card: #1a222c; --page: #10161d; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
main { width: min(24rem, 92vw); padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
h1 { margin: 0 0 .3rem; font-size: 1.35rem; }
p { margin: .3rem 0 1rem; color: var(--soft); }
.button { display: block; width: 100%; margin-top: .6rem; padding: .7rem 1rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none; color: var(--ink); background: transparent; border: 1px solid var(--line); border-radius: 9px; cursor: pointer; }
.button:hover, .button:focus-visible { border-color: #2f7df6; outline: 2px solid #2f7df655; }
dl { margin: 0 0 1rem; display: grid; grid-template-columns: auto 1fr; gap: .2rem 1rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
`

const foot = `</main>
</body>
</html>
`

var (
	homePage = template.Must(template.New("home").Parse(head + `<h1>Sign in</h1>
<p>Choose how you want to continue.</p>
{{if .Demo}}<p id="demo">DEMO: a service that is played by a test server signs in anybody as anybody.</p>
{{end}}{{range .Services}}<a class="button" id="{{.Name}}" href="/login/{{.Name}}">Continue with {{.Title}}</a>
{{end}}` + foot))

	profilePage = template.Must(template.New("profile").Parse(head + `<h1 id="name">Hello, {{.Name}}</h1>
<p>You are signed in with {{.Service}}.</p>
<dl>
<dt>Account</dt><dd id="handle">{{.Handle}}</dd>
<dt>ID</dt><dd id="id">{{.ID}}</dd>
{{with .Expiry}}<dt>Token until</dt><dd>{{.}}</dd>
{{end}}</dl>
<form method="post" action="/logout"><button class="button" id="logout">Sign out</button></form>
` + foot))

	errorPage = template.Must(template.New("error").Parse(head + `<h1>That did not work</h1>
<p id="error" role="alert">{{.Message}}</p>
<a class="button" href="/">Back</a>
` + foot))
)

func show(w http.ResponseWriter, status int, page *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = page.Execute(w, data) // a browser that hung up
}

// htmlPages is what the demonstration looks like.
type htmlPages struct {
	demo bool // a fake plays one of the services
}

func (p htmlPages) choose(w http.ResponseWriter, among []*service) {
	type choice struct{ Name, Title string }
	var choices []choice
	for _, s := range among {
		choices = append(choices, choice{s.name, s.title})
	}
	show(w, http.StatusOK, homePage, struct {
		Title    string
		Demo     bool
		Services []choice
	}{"Sign in", p.demo, choices})
}

func (htmlPages) welcome(w http.ResponseWriter, user session, tokenUntil time.Time) {
	until := ""
	if !tokenUntil.IsZero() {
		until = tokenUntil.UTC().Format("2006-01-02 15:04 UTC")
	}
	show(w, http.StatusOK, profilePage, struct{ Title, Name, Handle, ID, Service, Expiry string }{
		"Signed in", user.profile.Name, user.profile.Handle, user.profile.ID, user.service.title, until,
	})
}

func (htmlPages) failed(w http.ResponseWriter, status int, message string) {
	show(w, status, errorPage, struct{ Title, Message string }{"Error", message})
}
