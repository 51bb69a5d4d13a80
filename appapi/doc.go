// Package appapi reads from Customer.io's App API: what a workspace holds of a person or an object, and the log of what happened to people.
//
// It has the first corner of that API, one file per resource: customers, objects, activities and workspaces. Sending is package cio's. The App API has a key of its
// own, which is not the write key of a source, and a limit of 10 requests a second, to which a [Client] keeps by itself (api-facts 3).
//
// What was sent a moment ago is not necessarily there yet: Customer.io stores it after it has answered.
package appapi
