package client

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// DecodeError reads the shapes of error body that most services use: RFC 9457, a
// bare "message", an "error" or "errors" that is a string, an object, a list of
// either, or an object of messages by field (with OAuth's "error_description",
// FastAPI's list of "detail", NestJS's list of "message", Jira's "errorMessages",
// Okta's "errorSummary"), a list of errors as the whole body, and messages by field as
// all that an error's body holds, as Django has it. Names are read in any case, with and
// without underscores.
//
// A body that begins with "{" or "[" is read as JSON whatever its Content-Type
// says; any other is a message if it is text/plain. A profile with a shape of its
// own may fall back on DecodeError. It never fails: what it cannot read is left
// empty.
func DecodeError(status int, h http.Header, body []byte) ErrorDetail {
	body = withoutMark(body)
	if looksLikeJSON(body) {
		if d, ok := errorDetail(status, body); ok {
			return d
		}
	}
	if mediaType(h) == "text/plain" {
		return ErrorDetail{Message: string(bytes.TrimSpace(body))}
	}
	return ErrorDetail{}
}

// errorDepth bounds how deep messages are looked for in one another.
const errorDepth = 4

// errorDetail reads a JSON error body, and reports whether it is one.
func errorDetail(status int, body []byte) (ErrorDetail, bool) {
	top, ok := membersOf(body)
	if !ok {
		var list []json.RawMessage
		if json.Unmarshal(body, &list) != nil {
			return ErrorDetail{}, false
		}
		top, _ = membersOf(first(list))
		return nestedDetail(ErrorDetail{Message: messageIn(first(list), errorDepth)}, top), true
	}
	d := ErrorDetail{
		Code:      top.text("code", "name", "errorcode"),
		Type:      top.text("type", "errortype", "category"),
		Message:   top.message("message", "detail", "errordescription", "errormessage", "errormessages", "errorsummary", "msg", "title"),
		RequestID: top.text("requestid", "correlationid", "debugid", "traceid"),
	}
	// A code that repeats the status says nothing.
	if d.Code == strconv.Itoa(status) {
		d.Code = cmp.Or(top.text("errorcode"), d.Code)
	}
	// GitLab has its messages by field there.
	d.Message = cmp.Or(d.Message, messageByField(onlyLists(top["message"]), errorDepth))
	if meta, ok := membersOf(top["meta"]); ok && d.RequestID == "" {
		d.RequestID = meta.text("requestid")
	}
	detail, _ := membersOf(first(listOf(top["detail"]))) // a list of FastAPI's
	d.Type = cmp.Or(d.Type, detail.text("type"))
	nested := cmp.Or(string(top["error"]), string(top["errors"]), string(top["err"]), string(top["fault"]))
	if s := stringOf(json.RawMessage(nested)); s != "" {
		switch {
		case d.Message == "" && strings.Contains(s, " "):
			d.Message = s
		case d.Code == "" && !strings.Contains(s, " "):
			d.Code = s
		}
		d.Message = cmp.Or(d.Message, top.message("description", "reason"))
		return d, true
	}
	in, ok := membersOf([]byte(nested))
	if !ok {
		list := listOf(json.RawMessage(nested))
		if in, ok = membersOf(first(list)); !ok {
			d.Message = cmp.Or(d.Message, messageIn(first(list), errorDepth), top.message("description", "reason"))
			if d == (ErrorDetail{}) && status >= http.StatusBadRequest {
				d.Message = messageByField(onlyLists(body), errorDepth)
			}
			return d, true
		}
		d.Message = cmp.Or(in.text("title"), d.Message) // all that JSON:API demands
	}
	if within := nestedDetail(ErrorDetail{}, in); within == (ErrorDetail{}) {
		// An object of messages by field, as Shopify and Rails have it.
		d.Message = cmp.Or(d.Message, messageByField(json.RawMessage(nested), errorDepth))
	}
	d = nestedDetail(d, in)
	d.Message = cmp.Or(d.Message, top.message("description", "reason"))
	return d, true
}

// nestedDetail puts what an error object inside the body says before what the
// body around it says.
func nestedDetail(d ErrorDetail, in members) ErrorDetail {
	// An object that has a list of errors itself says less than the first of them.
	if list := listOf(json.RawMessage(cmp.Or(string(in["errors"]), string(in["error"])))); len(list) > 0 {
		if inner, ok := membersOf(list[0]); ok {
			d = ownDetail(d, inner)
		}
	}
	return ownDetail(d, in)
}

// ownDetail is nestedDetail for what the object says itself.
func ownDetail(d ErrorDetail, in members) ErrorDetail {
	extensions, _ := membersOf(in["extensions"]) // GraphQL's place for a code
	d.Code = cmp.Or(in.text("code", "errorcode", "reason"), extensions.text("code"), d.Code, in.text("name"))
	d.Type = cmp.Or(in.text("type"), in.word("status"), in.text("category"), d.Type)
	d.Message = cmp.Or(in.message("message", "detail", "longmessage", "description"), d.Message)
	d.RequestID = cmp.Or(in.text("requestid", "fbtraceid"), d.RequestID)
	return d
}

// onlyLists is an object without the members that are no lists: what Django and GitLab
// say of a form's fields, and not whatever else an object may hold.
func onlyLists(body []byte) json.RawMessage {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(body, &object) // which has been read before
	maps.DeleteFunc(object, func(_ string, value json.RawMessage) bool { return len(listOf(value)) == 0 })
	lists, _ := json.Marshal(object)
	return lists
}

// members are those of a JSON object that are not null, by their name in lower case
// and without underscores.
type members map[string]json.RawMessage

func membersOf(raw []byte) (members, bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return nil, false
	}
	m := make(members, len(object))
	for name, value := range object {
		if string(value) == "null" {
			continue
		}
		folded := strings.ReplaceAll(lower(name), "_", "")
		if _, taken := m[folded]; !taken || name == folded {
			m[folded] = value
		}
	}
	return m, true
}

// text returns the first of the names that holds a string or a number.
func (m members) text(names ...string) string {
	for _, name := range names {
		if s := stringOf(m[name]); s != "" {
			return s
		}
		var n json.Number
		if json.Unmarshal(m[name], &n) == nil {
			return n.String()
		}
	}
	return ""
}

// word returns what a name holds that is no number.
func (m members) word(name string) string {
	s := m.text(name)
	if _, err := strconv.Atoi(s); err == nil {
		return ""
	}
	return s
}

// message returns the first of the names that holds something to read.
func (m members) message(names ...string) string {
	for _, name := range names {
		if s := messageIn(m[name], errorDepth); s != "" {
			return s
		}
	}
	return ""
}

// messageIn finds what is to be read in a string, an object with a message, or a
// list of either, whose messages are joined.
func messageIn(raw json.RawMessage, depth int) string {
	if s := stringOf(raw); s != "" || depth == 0 {
		return s
	}
	if m, ok := membersOf(raw); ok {
		var text string
		for _, name := range []string{"message", "msg", "detail", "description", "title", "value"} {
			if text = messageIn(m[name], depth-1); text != "" {
				break
			}
		}
		if where := placeIn(m["loc"]); where != "" && text != "" {
			text = where + ": " + text
		}
		return text
	}
	var texts []string
	for _, entry := range listOf(raw) {
		if text := messageIn(entry, depth-1); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}

// messageByField reads {"title": ["can't be blank"]}: the field that comes first. raw
// is a part of what has been read as JSON, so that nothing in it can be malformed.
func messageByField(raw json.RawMessage, depth int) string {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, _ := dec.Token(); open != json.Delim('{') {
		return ""
	}
	for dec.More() {
		name, _ := dec.Token()
		var value json.RawMessage
		_ = dec.Decode(&value)
		if text := messageIn(value, depth); text != "" {
			return name.(string) + ": " + text
		}
	}
	return ""
}

// placeIn reads the path of a field, ["body", "items", 0].
func placeIn(raw json.RawMessage) string {
	var path []string
	for _, step := range listOf(raw) {
		path = append(path, strings.Trim(string(step), `"`))
	}
	return strings.Join(path, ".")
}

func stringOf(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // what is no string stays ""
	return s
}

func listOf(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	_ = json.Unmarshal(raw, &list) // what is no list stays empty
	return list
}

func first(list []json.RawMessage) json.RawMessage {
	return slices.Concat(list, []json.RawMessage{nil})[0]
}
