package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/internal/plural"
)

// checkProxy says which way requests take.
func (d *doctor) checkProxy() {
	req, err := http.NewRequest(http.MethodPost, d.found.Target, nil)
	if err != nil {
		d.say("proxy", checkFail, "check the address of --to", "the address cannot be used")
		return
	}
	set := strings.Join(proxySettings(), ", ")
	proxy, err := http.ProxyFromEnvironment(req)
	switch {
	case err != nil:
		d.say("proxy", checkFail, "give "+set+" a URL such as http://proxy.example:3128", "the proxy in the environment is not a URL (%s)", set)
	case proxy != nil:
		d.say("proxy", checkOK, "", "through %s, as the environment says (%s)", proxy.Host, set)
	case set != "":
		d.say("proxy", checkOK, "", "none for this address, although %s is set", set)
	default:
		d.say("proxy", checkOK, "", "none")
	}
}

// checkConfig checks the key before it is sent.
func (d *doctor) checkConfig() (*cio.Client, bool) {
	client, err := d.client(d.cfg)
	if err != nil { // the address was checked before
		d.say("key", checkFail, d.to.HowToGiveKey()+": in Customer.io under Data & Integrations, Integrations, the source, Settings",
			"%s", words(err))
		return nil, false
	}
	return client, true
}

// checkConnection says whether there was any answer.
func (d *doctor) checkConnection(api *cio.APIError) {
	if all := d.wire.exchanges(); len(all) > 0 {
		x := all[0]
		who := x.remote
		if who == "" { // a transport without sockets
			who = hostOf(d.found.Target)
		}
		state, do, more := checkOK, "", ""
		const between = "check which server answers there before you send anything: the sign-in page of a network, a proxy or a firewall may answer instead, or the address is wrong"
		switch {
		case api == nil:
		case errors.Is(api, cio.ErrNotAPI):
			state, do, more = checkFail, between, ": "+api.Message
		case errors.Is(api, cio.ErrUnauthorized) && x.page:
			state, do, more = checkWarn, between, " and a page, which the API does not send: a proxy or a sign-in page may refuse the call instead of Customer.io"
		}
		d.say("connection", state, do, "%s answered with %d in %s (name %s, connection %s)%s", who, x.status, millis(x.took), millis(x.dns), millis(x.connect), more)
		return
	}
	if api == nil {
		return
	}
	said, do := api.Message, "check the network, the firewall and the proxy in the environment (HTTPS_PROXY)"
	var name *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case isCertificate(api.Err):
		d.say("connection", checkOK, "", "a server answers, but it is not Customer.io: see tls")
		return
	case errors.Is(api.Err, http.ErrSchemeMismatch):
		do = "the server uses HTTP without TLS: if that is right, write http:// in --to"
	case errors.As(api.Err, &name):
		said, do = "the name "+hostOf(d.found.Target)+" is not found", "check the DNS of this machine and the spelling of the address; behind a proxy, set HTTPS_PROXY"
	case errors.Is(api.Err, destination.ErrRefused):
		said = "no server listens on " + hostOf(d.found.Target)
		if destination.Loopback(d.found.Target) {
			do = "start an emulator in another terminal: " + destination.Emulate(d.found.Target)
		}
	case errors.As(api.Err, &timeout) && timeout.Timeout():
		said = fmt.Sprintf("no answer within %v", d.cfg.Timeout)
		do = "a firewall may block the call, or the connection is slow: try --timeout 1m"
	}
	d.say("connection", checkFail, do, "%s", said)
}

func hostOf(base string) string {
	if u, err := url.Parse(base); err == nil {
		return u.Host
	}
	return base
}

func isCertificate(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// checkTLS says who issued the server's certificate.
func (d *doctor) checkTLS(api *cio.APIError) {
	if !strings.HasPrefix(d.found.Target, "https://") {
		if destination.Loopback(d.found.Target) {
			d.say("tls", checkSkip, "", "not used on this machine")
		} else {
			d.say("tls", checkWarn, "use an address with https://", "not used: the key and all data travel unencrypted")
		}
		return
	}
	var refused *tls.CertificateVerificationError
	if api != nil && errors.As(api.Err, &refused) {
		said, do := certificateTrouble(refused)
		d.say("tls", checkFail, do, "%s", said)
		return
	}
	for _, x := range d.wire.exchanges() {
		if x.tls == nil || len(x.tls.PeerCertificates) == 0 {
			continue
		}
		leaf := x.tls.PeerCertificates[0]
		left := time.Until(leaf.NotAfter)
		d.say("tls", checkOK, "", "%s, issued by %s, valid for %s", tls.VersionName(x.tls.Version), issuer(leaf), plural.Count(int(left.Hours()/24), "day", "days"))
		return
	}
	d.say("tls", checkSkip, "", "no connection was made")
}

func issuer(c *x509.Certificate) string {
	if len(c.Issuer.Organization) > 0 {
		return c.Issuer.Organization[0]
	}
	if c.Issuer.CommonName != "" {
		return c.Issuer.CommonName
	}
	return "somebody without a name"
}

// certificateTrouble says what is wrong with a certificate that was refused.
func certificateTrouble(refused *tls.CertificateVerificationError) (said, do string) {
	by := ""
	if len(refused.UnverifiedCertificates) > 0 {
		by = ", issued by " + issuer(refused.UnverifiedCertificates[0]) + ","
	}
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	switch {
	case errors.As(refused.Err, &unknown):
		return "the certificate" + by + " was not issued by an authority that this machine trusts",
			"if your own proxy intercepts TLS, make this machine trust its certificate (SSL_CERT_FILE); otherwise do not send anything"
	case errors.As(refused.Err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate" + by + " is not valid now", "first check the clock of this machine: it may be wrong by days"
	case errors.As(refused.Err, &name):
		return "the certificate" + by + " is for another name", "check the address and where the name leads: a login page of the network may answer instead"
	}
	return "the certificate" + by + " is refused: " + refused.Err.Error(), "check which server answers there before you send anything"
}

// checkKey says whether the key is accepted.
func (d *doctor) checkKey(api *cio.APIError) {
	where := "use the write key of a Data Pipelines source, from its settings; site_id and api_key of the Track API and an App API key are different keys"
	if d.to.KeyFile != "" {
		where = d.to.HowToGiveKey() + ", from its settings; site_id and api_key of the Track API and an App API key are different keys"
	}
	switch {
	case api == nil:
		d.say("key", checkOK, "", "accepted, by a call in strict mode")
	case errors.Is(api, cio.ErrUnauthorized):
		d.keyBad = true
		d.say("key", checkFail, where, "not accepted: %d", api.Status)
	case api.Status == 0 || api.Status >= 300 && api.Status < 400 || errors.Is(api, cio.ErrNotAPI):
		d.say("key", checkSkip, "", "not known: the API did not answer")
	default:
		d.say("key", checkFail, d.mending(api), "not known: answered with %s", strings.TrimSuffix(fmt.Sprintf("%d %s: %s", api.Status, http.StatusText(api.Status), api.Message), ": "))
	}
}

// mending says what to do about calls that fail. Customer.io's status page is only about Customer.io's own servers.
func (d *doctor) mending(err error) string {
	host := hostOf(d.found.Target)
	name, _, _ := strings.Cut(host, ":")
	ours := name == "customer.io" || strings.HasSuffix(name, ".customer.io")
	switch again := cio.Retryable(err); {
	case ours && again:
		return "try again in a minute; if that does not help, check the network and status.customer.io"
	case ours:
		return "check the message and the address of --to: a retry does not help"
	case again:
		return "check the log of the server on " + host + ", and try again in a minute"
	}
	return "check that the server on " + host + " is the right one, and check its log: it does not accept this call, and a retry does not help"
}

// checkRegion says whether the region is right. It is not documented how a wrong region answers: with a redirect, or by refusing the key.
func (d *doctor) checkRegion(ctx context.Context, api *cio.APIError) {
	if api != nil && api.Status >= 300 && api.Status < 400 {
		d.say("region", checkFail, "use the other region: --to us or --to eu, or CUSTOMERIO_REGION in programs", "%s", api.Message)
		return
	}
	if d.cfg.BaseURL != "" {
		d.say("region", checkSkip, "", "not checked: --to is an address")
		return
	}
	if api == nil {
		d.say("region", checkOK, "", "%s accepts the key", d.cfg.Region)
		return
	}
	if !errors.Is(api, cio.ErrUnauthorized) {
		d.say("region", checkSkip, "", "not known: no server answered about the key")
		return
	}
	other := d.cfg
	other.Region = map[cio.Region]cio.Region{cio.RegionUS: cio.RegionEU, cio.RegionEU: cio.RegionUS}[d.cfg.Region]
	client, err := d.client(other)
	if err == nil {
		err = client.Send(ctx, cio.DeletePerson{UserID: d.nobody})
	}
	switch {
	case err == nil:
		d.say("region", checkFail, fmt.Sprintf("use the region %s: --to %[1]s, or CUSTOMERIO_REGION=%[1]s", other.Region), "%s is wrong: the region %s accepts the key", d.cfg.Region, other.Region)
	case errors.Is(err, cio.ErrUnauthorized):
		d.say("region", checkSkip, "", "not known: %s does not accept the key either", other.Region)
	default:
		d.say("region", checkSkip, "", "not known: %s did not answer", other.Region)
	}
}

// Differences between the clocks.
const (
	skewNoticed = 5 * time.Second
	skewTooMuch = 5 * time.Minute // a larger difference is also a warning of every message (docs/rules.md#message-id-and-time)
)

// checkClock compares this machine's clock with the server's. Answers have the server's time, exact to the second.
func (d *doctor) checkClock() {
	for _, x := range d.wire.exchanges() {
		date, err := http.ParseTime(x.date)
		if err != nil {
			continue
		}
		ahead := x.at.Add(x.took / 2).Sub(date.Add(500 * time.Millisecond)).Round(time.Second)
		state, do := checkOK, ""
		switch {
		case ahead.Abs() > skewTooMuch:
			state, do = checkFail, "set the clock (NTP): events get the time of this machine, and campaigns use it"
		case ahead.Abs() > skewNoticed:
			state, do = checkWarn, "set the clock (NTP): events get the time of this machine"
		}
		switch {
		case ahead == 0:
			d.say("clock", state, do, "the same as the server's, to the second")
		case ahead > 0:
			d.say("clock", state, do, "%v ahead of the server's", ahead)
		default:
			d.say("clock", state, do, "%v behind the server's", -ahead)
		}
		return
	}
	d.say("clock", checkSkip, "", "not known: no answer had a date")
}

// checkStrict makes a call that strict mode must refuse.
func (d *doctor) checkStrict(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.found.Target+"/v1/track", strings.NewReader("{}"))
	if err != nil {
		d.say("strict mode", checkSkip, "", "not known: the call cannot be made")
		return
	}
	req.SetBasicAuth(d.cfg.APIKey, "")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Strict-Mode", "1")
	resp, err := d.wire.RoundTrip(req)
	if err != nil {
		d.say("strict mode", checkSkip, "", "not known: no answer")
		return
	}
	resp.Body.Close()
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		d.say("strict mode", checkWarn, "check whether a proxy removes the header X-Strict-Mode: without it Customer.io answers with success even if it drops the message or the key is wrong",
			"not in force: an empty call is answered with %d", resp.StatusCode)
	case resp.StatusCode == http.StatusBadRequest:
		d.say("strict mode", checkOK, "", "in force: an empty call is answered with 400")
	default:
		d.say("strict mode", checkSkip, "", "not known: an empty call is answered with %d", resp.StatusCode)
	}
}

// slow is a median latency from which on the doctor gives advice.
const slow = time.Second

// checkLatency makes calls one after the other over the existing connection.
func (d *doctor) checkLatency(ctx context.Context, client *cio.Client) {
	before := len(d.wire.exchanges())
	failed := 0
	var last error
	for i := 0; i < d.samples && ctx.Err() == nil; i++ {
		if err := client.Send(ctx, cio.DeletePerson{UserID: d.nobody}); err != nil {
			failed, last = failed+1, err
		}
	}
	var took []time.Duration
	for _, x := range d.wire.exchanges()[before:] {
		if x.status >= 200 && x.status < 300 {
			took = append(took, x.took)
		}
	}
	if len(took) == 0 {
		d.say("latency", checkFail, d.mending(last), "none of %s was accepted: %v", plural.Count(failed, "call", "calls"), last)
		return
	}
	stats := latencies(took)
	d.found.Latency = &stats
	state, do := checkOK, ""
	switch {
	case failed > 0:
		state, do = checkWarn, "programs retry automatically; "+d.mending(last)
	case stats.P50 > float64(slow.Milliseconds()):
		state, do = checkWarn, "send more messages at once, and use more requests at the same time: --concurrency of ciokit load"
	}
	said := fmt.Sprintf("median %.1f ms, 90%% within %.1f, 99%% within %.1f, of %s", stats.P50, stats.P90, stats.P99, plural.Count(stats.Samples, "call", "calls"))
	if failed > 0 {
		said += fmt.Sprintf("; %d more failed", failed)
	}
	d.say("latency", state, do, "%s", said)
}

// checkLimits says which limits the client keeps.
func (d *doctor) checkLimits() {
	d.say("limits", checkOK, "", "messages of 32,000 bytes, requests of 475,000 bytes, 3,000 requests in any 3 seconds, for each Client; anything larger is rejected before it is sent")
}

// checkApp tries the App API key, if there is one.
func (d *doctor) checkApp(ctx context.Context) {
	if d.app == "" {
		d.say("app api", checkSkip, "", "no key (CUSTOMERIO_APP_API_KEY); you need one only to read back")
		return
	}
	client, err := appapi.NewClient(appapi.Config{APIKey: d.app, Region: d.cfg.Region, BaseURL: d.appBase, HTTPClient: &http.Client{Transport: d.wire.next}, Timeout: d.cfg.Timeout, MaxElapsed: time.Nanosecond})
	if err == nil {
		_, err = client.Customers().Attributes(ctx, appapi.ByID(d.nobody))
	}
	switch {
	case err == nil || errors.Is(err, appapi.ErrNotFound):
		d.say("app api", checkOK, "", "the key is accepted")
	case errors.Is(err, appapi.ErrUnauthorized):
		d.keyBad = true
		d.say("app api", checkFail, "use an App API key from the account's settings, API credentials; it is not the write key", "the key is not accepted")
	default:
		d.say("app api", checkFail, "check the network and the region", "%s", words(err))
	}
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
