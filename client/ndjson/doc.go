// Package ndjson reads and writes streams of JSON values, one on each line
// (application/x-ndjson, application/jsonl): exports, bulk APIs, models that stream.
//
//	for order, err := range ndjson.Lines[Order](ctx, c, client.Request{Path: "/v1/export"}) { … }
//
//	body := ndjson.Body(slices.Values(orders))
//	result, err := client.Post[Result](ctx, c, "/v1/bulk", body)
//
// A stream has no end of its own but that of the response. A last line that is cut off is
// therefore an error, and so is a response that breaks off between two lines, as far as
// HTTP tells: by its Content-Length, or the last chunk.
package ndjson
