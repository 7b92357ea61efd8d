package client

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// inputPlan says where the fields of an Op's In go.
type inputPlan struct {
	path, query, header, form []tagged
	body                      tagged    // the field that is the body; its index is nil where there is none
	whole                     bool      // the value itself is the body
	part                      *jsonPart // of a JSON body that is not all of the value; nil where there is none
	err                       error     // what is wrong with the type
}

// inputPlans holds the plan of each type that has been used, as encoding/json holds its.
var inputPlans sync.Map // of reflect.Type to *inputPlan

func planOf(t reflect.Type) *inputPlan {
	if p, ok := inputPlans.Load(t); ok {
		return p.(*inputPlan)
	}
	p := new(inputPlan)
	p.read(t)
	made, _ := inputPlans.LoadOrStore(t, p)
	return made.(*inputPlan)
}

func (p *inputPlan) read(t reflect.Type) {
	if t == reflect.TypeFor[None]() {
		return
	}
	structure := t
	if structure.Kind() == reflect.Pointer {
		structure = structure.Elem()
	}
	if structure.Kind() != reflect.Struct || t.Implements(reflect.TypeFor[Body]()) {
		p.whole = true
		return
	}
	var (
		inJSON  []tagged
		apart   bool // a field that goes elsewhere would be in the JSON too
		nowhere []string
	)
	p.err = eachField(structure, func(f tagged) error {
		switch f.tag {
		case "path":
			p.path = append(p.path, f)
		case "query":
			p.query = append(p.query, f)
		case "header":
			p.header = append(p.header, f)
		case "form":
			p.form = append(p.form, f)
		case "body":
			if p.body.index != nil {
				return failf(ErrConfig, "%s has two fields that are the body: %s and %s", t, p.body.field, f.field)
			}
			p.body = f
			return checkBodyField(t, f)
		case "json":
			inJSON = append(inJSON, f)
			return nil
		default:
			nowhere = append(nowhere, f.field)
			return nil
		}
		apart = apart || !f.unwritten
		return f.checkType(t)
	})
	bodies := 0
	for _, has := range []bool{p.body.index != nil, len(inJSON) > 0, len(p.form) > 0} {
		if has {
			bodies++
		}
	}
	switch {
	case p.err != nil:
	case len(nowhere) > 0:
		p.err = failf(ErrConfig, "%s has the field %s, whose tags do not say where it goes", t, nowhere[0])
	case bodies > 1:
		p.err = failf(ErrConfig, "%s has two bodies: a field tagged body, fields tagged json and fields tagged form exclude each other", t)
	case len(inJSON) > 0 && apart && !t.Implements(reflect.TypeFor[json.Marshaler]()):
		p.part, p.err = jsonPartOf(structure, inJSON)
	case len(inJSON) > 0:
		p.whole = true
	}
}

func checkBodyField(t reflect.Type, f tagged) error {
	switch f.name {
	case "json", "xml":
		return nil
	case "form":
		if f.typ == reflect.TypeFor[url.Values]() {
			return nil
		}
		return failf(ErrConfig, "%s has the field %s, tagged body:\"form\", which is no url.Values", t, f.field)
	case "":
		if f.typ.Implements(reflect.TypeFor[Body]()) {
			return nil
		}
		return failf(ErrConfig, "%s has the field %s, tagged body, which is neither a Body nor said to be json, form or xml", t, f.field)
	}
	return failf(ErrConfig, "%s has the field %s, whose body tag is none of json, form and xml", t, f.field)
}

// fits says what is wrong with the type for a route.
func (p *inputPlan) fits(route string) error {
	if p.err != nil {
		return p.err
	}
	places := routePlaces(route)
	for _, name := range places {
		if !slices.ContainsFunc(p.path, func(f tagged) bool { return f.name == name }) {
			return failf(ErrConfig, "the route has the place {%s}, and no field is tagged path:%q", name, name)
		}
	}
	for _, f := range p.path {
		if !slices.Contains(places, f.name) {
			return failf(ErrConfig, "the field %s is tagged path:%q, and the route has no such place", f.field, f.name)
		}
	}
	return nil
}

// writeInput fills in r from an Op's In.
func writeInput(r *Request, in reflect.Value) error {
	p := planOf(in.Type())
	if p.err != nil {
		return p.err
	}
	given := in
	if in.Kind() == reflect.Pointer && !p.alone() {
		if in.IsNil() {
			return failf(ErrRequest, "the operation was given a nil %s", in.Type())
		}
		in = in.Elem()
	}
	wrong := p.writeParams(r, in)
	// A body that did not go is closed by the call, so it must know of it.
	return errors.Join(wrong, p.writeBody(r, in, given))
}

func (p *inputPlan) writeParams(r *Request, in reflect.Value) (wrong error) {
	if wrong = p.writePath(r, in); wrong != nil {
		return wrong
	}
	if len(p.query) > 0 {
		if r.Query, wrong = valuesOf(p.query, in, ","); wrong != nil {
			return wrong
		}
		// Without it the request would be another operation's: one that aborts an upload
		// would delete the object.
		if name := p.needs(r.Route, r.Query); name != "" {
			return failf(ErrRequest, "the query parameter %s is empty", name)
		}
	}
	if len(p.header) > 0 {
		var h map[string][]string
		h, wrong = valuesOf(p.header, in, ", ")
		r.Header = h
	}
	return wrong
}

func (p *inputPlan) writePath(r *Request, in reflect.Value) (wrong error) {
	places, missing := 0, ""
	missing = r.expand(func(name string) (text string, known bool) {
		i := slices.IndexFunc(p.path, func(f tagged) bool { return f.name == name })
		if i < 0 {
			return "", false
		}
		places++
		f := &p.path[i]
		if v := in.FieldByIndex(f.index); !v.IsZero() {
			var err error
			if text, err = f.text(v); err != nil {
				wrong = err
			}
		}
		if text == "" && wrong == nil {
			wrong = failf(ErrRequest, "the path parameter %s is empty", name)
		}
		return text, true
	})
	if missing != "" || places != len(p.path) {
		return p.fits(r.Route) // says which
	}
	return wrong
}

// alone reports whether the value is a body and nothing else.
func (p *inputPlan) alone() bool {
	return p.whole && len(p.path)+len(p.query)+len(p.header) == 0
}

// needs names a parameter of the query that the route is told by and that was left out.
func (p *inputPlan) needs(route string, query url.Values) string {
	for name, value := range routeQuery(route) {
		if _, ok := query[name]; !ok && value == "" && slices.ContainsFunc(p.query, func(f tagged) bool { return f.name == name }) {
			return name
		}
	}
	return ""
}

func (p *inputPlan) writeBody(r *Request, in, given reflect.Value) error {
	switch {
	case p.part != nil:
		r.Body = p.part.of(in)
	case p.whole:
		if given.Kind() != reflect.Interface || !given.IsNil() {
			r.Body = given.Interface()
		}
	case len(p.form) > 0:
		form, err := valuesOf(p.form, in, ",")
		if err != nil {
			return err
		}
		r.Body = Form(form)
	case p.body.index != nil:
		f := in.FieldByIndex(p.body.index)
		if f.Kind() == reflect.Pointer || f.Kind() == reflect.Interface || f.Kind() == reflect.Map {
			if f.IsNil() {
				return nil
			}
		}
		switch p.body.name {
		case "form":
			r.Body = Form(f.Interface().(url.Values))
		case "xml":
			r.Body = xmlBody(f.Interface())
		default:
			r.Body = f.Interface()
		}
	}
	return nil
}

// xmlBody is a body of type application/xml.
func xmlBody(v any) Body {
	return bodyFunc(func() (payload, error) {
		var b bytes.Buffer
		b.WriteString(xml.Header)
		if err := xml.NewEncoder(&b).Encode(v); err != nil {
			// The error of encoding/xml may quote the value.
			return payload{}, failf(ErrRequest, "the body is a %T, which cannot be encoded as XML", v)
		}
		return payload{contentType: "application/xml", data: b.Bytes()}, nil
	})
}

// valuesOf collects fields by their names. A zero is left out.
func valuesOf(fields []tagged, in reflect.Value, separator string) (map[string][]string, error) {
	values := make(map[string][]string, len(fields))
	single := make([]string, 0, len(fields)) // one piece of memory for most values
	for i := range fields {
		f := &fields[i]
		v := in.FieldByIndex(f.index)
		if v.IsZero() {
			continue
		}
		if prefix, ok := strings.CutSuffix(f.name, "*"); ok {
			for entry := v.MapRange(); entry.Next(); {
				values[f.spelled(prefix+entry.Key().String())] = []string{entry.Value().String()}
			}
			continue
		}
		if f.several() {
			texts, err := f.texts(v)
			if err != nil {
				return nil, err
			}
			if f.comma && len(texts) > 1 {
				texts = []string{strings.Join(texts, separator)}
			}
			if len(texts) > 0 {
				values[f.name] = append(values[f.name], texts...)
			}
			continue
		}
		text, err := f.text(v)
		if err != nil {
			return nil, err
		}
		single = append(single, text)
		if n := len(single); values[f.name] == nil {
			values[f.name] = single[n-1 : n : n]
		} else {
			values[f.name] = append(values[f.name], text)
		}
	}
	return values, nil
}
