package cio

import "sync/atomic"

// Stats counts what a Client has done since it was made.
type Stats struct {
	// Requests counts HTTP requests, retries included; Bytes their bodies.
	Requests, Bytes int64
	// Retries counts the requests among them that repeated an earlier one.
	Retries int64
	// RateLimited counts the answers with status 429.
	RateLimited int64
	// Accepted and Refused count messages: taken by the server, refused by the server alone.
	Accepted, Refused int64
	// Warnings counts what Encoded.Warnings lists, of messages that were sent or queued.
	Warnings int64
	// Failing is what requests fail with now and are tried again for; nil as long as they succeed.
	Failing error
}

type counters struct {
	requests, bytes, retries, rateLimited, accepted, refused, warnings atomic.Int64
}

func (c *counters) snapshot() Stats {
	return Stats{
		Requests:    c.requests.Load(),
		Bytes:       c.bytes.Load(),
		Retries:     c.retries.Load(),
		RateLimited: c.rateLimited.Load(),
		Accepted:    c.accepted.Load(),
		Refused:     c.refused.Load(),
		Warnings:    c.warnings.Load(),
	}
}
