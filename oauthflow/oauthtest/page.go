package oauthtest

import (
	"html/template"
	"net/http"
)

const pageHead = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{with .Name}}{{.}}{{else}}Continue{{end}}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2733; background: #eef1f5; margin: 0; }
main { max-width: 24rem; margin: 12vh auto; padding: 2rem; background: #fff; border-radius: 12px; box-shadow: 0 1px 4px #0002; }
h1 { font-size: 1.2rem; margin: 0 0 1rem; }
button { display: block; width: 100%; padding: .7rem; margin: .6rem 0; font: inherit; border-radius: 8px; border: 1px solid #0b5fff; background: #0b5fff; color: #fff; cursor: pointer; }
button.quiet { background: #fff; color: #1d2733; border-color: #b8c2cf; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .6rem; border: 1px solid #b8c2cf; border-radius: 8px; }
.note { color: #5b6776; font-size: .85rem; }
</style>
</head>
<body>
<main>
`

const pageFoot = `</main>
</body>
</html>
`

var (
	consentPage = template.Must(template.New("consent").Parse(pageHead + `<h1>{{.Name}}</h1>
<p><strong>{{.Client}}</strong> asks to sign you in{{if .Scopes}} and to use: {{range $i, $s := .Scopes}}{{if $i}}, {{end}}{{$s}}{{end}}{{end}}.</p>
<form method="post" action="/authorize">
<input type="hidden" name="query" value="{{.Query}}">
{{range .Users}}<button name="subject" value="{{.Subject}}">Continue as {{if .Name}}{{.Name}}{{else}}{{.Subject}}{{end}}</button>
{{end}}<button class="quiet" name="subject" value="">Refuse</button>
</form>
<p class="note">This is a test server: anybody may be anybody.</p>
` + pageFoot))

	devicePage = template.Must(template.New("device").Parse(pageHead + `<h1>{{.Name}}</h1>
{{with .Message}}<p>{{.}}</p>{{end}}
<form method="post" action="/device">
<p><label>The code that your device shows<input name="user_code" value="{{.UserCode}}" autocomplete="off" required></label></p>
{{range .Users}}<button name="subject" value="{{.Subject}}">Continue as {{if .Name}}{{.Name}}{{else}}{{.Subject}}{{end}}</button>
{{end}}<button class="quiet" name="subject" value="">Refuse</button>
</form>
` + pageFoot))

	postPage = template.Must(template.New("post").Parse(pageHead + `<h1>One moment</h1>
<form method="post" action="{{.Action}}">
{{range $k, $vs := .Params}}{{range $vs}}<input type="hidden" name="{{$k}}" value="{{.}}">
{{end}}{{end}}<button>Continue</button>
</form>
<script>document.forms[0].submit()</script>
` + pageFoot))

	errorPage = template.Must(template.New("error").Parse(pageHead + `<h1>{{.Name}}</h1>
<p>This request cannot be answered: {{.Error}}.</p>
` + pageFoot))
)

func writeHTML(w http.ResponseWriter, status int, page *template.Template, data map[string]any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = page.Execute(w, data) // a client that hung up
}
