package datadog_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/datadog"
)

// P5: what lacks something that Datadog's description requires is refused before anything
// is sent.
func TestP5_WhatIsMadeHasWhatIsRequired(t *testing.T) {
	monitor := func(in datadog.MonitorInput) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := datadog.CreateMonitor.Do(ctx, c, in)
			return err
		}
	}
	event := func(category string, attributes any) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := datadog.SubmitEvent.Do(ctx, c, datadog.EventInput{Title: "t", Category: category, Attributes: attributes})
			return err
		}
	}
	type resource struct {
		Name string `json:"name,omitempty"`
		Type string `json:"type,omitempty"`
	}
	changed := func(name, kind string) any {
		return map[string]any{"changed_resource": resource{name, kind}}
	}
	for name, test := range map[string]struct {
		do   func(context.Context, *client.Client) error
		says string // "" is sent
	}{
		"a monitor":                    {monitor(datadog.MonitorInput{Type: "query alert", Query: "q"}), ""},
		"a monitor of nothing":         {monitor(datadog.MonitorInput{}), "a monitor has a type and a query"},
		"a monitor without a type":     {monitor(datadog.MonitorInput{Name: "n", Query: "q"}), "a monitor has a type and a query"},
		"a monitor without a query":    {monitor(datadog.MonitorInput{Name: "n", Type: "query alert"}), "a monitor has a type and a query"},
		"a change":                     {event("change", changed("checkout", "feature_flag")), ""},
		"a change as JSON":             {event("change", json.RawMessage(`{"changed_resource":{"name":"a","type":"b"},"author":{}}`)), ""},
		"a change of nothing":          {event("change", map[string]any{}), "the resource that has changed, with a name and a type"},
		"a change without a name":      {event("change", changed("", "feature_flag")), "with a name and a type"},
		"a change without a type":      {event("change", changed("checkout", "")), "with a name and a type"},
		"an alert":                     {event("alert", map[string]string{"status": "error"}), ""},
		"an alert without a status":    {event("alert", map[string]any{"priority": "1"}), "an alert has a status"},
		"attributes that are a list":   {event("alert", []string{"status"}), "an alert has a status"},
		"attributes of another type":   {event("alert", map[string]any{"status": 1}), "an alert has a status"},
		"attributes that are no JSON":  {event("alert", func() {}), "cannot be encoded as JSON"},
		"attributes that are null":     {event("change", json.RawMessage(`null`)), "the resource that has changed"},
		"a category that is to come":   {event("news", map[string]any{}), ""},
		"a category with a list in it": {event("news", []string{}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, rt := scripted(t, `200 {}`)
			err := test.do(t.Context(), c.HTTP)
			if test.says == "" {
				require.NoError(t, err)
				require.Equal(t, 1, rt.Count())
				return
			}
			require.ErrorIs(t, err, client.ErrRequest)
			require.ErrorContains(t, err, test.says)
			require.Zero(t, rt.Count())
		})
	}
}

// A change of a monitor need not say again what it is.
func TestAMonitorsChangeHasNoRequiredFields(t *testing.T) {
	c, rt := scripted(t, `200 {"id":7}`)
	_, err := datadog.UpdateMonitor.Do(t.Context(), c.HTTP, datadog.UpdateMonitorInput{ID: "7", MonitorInput: datadog.MonitorInput{Message: "m"}})
	require.NoError(t, err)
	require.JSONEq(t, `{"message":"m"}`, string(rt.Last().Body))
}
