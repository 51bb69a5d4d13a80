package erasure_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/erasure"
	"golang.org/x/mod/sumdb/tlog"
)

// A way to tamper changes the case and says what the check must name. It returns false if it does not apply to the receipt.
var ways = []struct {
	name   string
	change func(c *tampering) bool
}{
	{"a bit flipped", func(c *tampering) bool {
		name, at := c.place()
		c.set(name, at, c.files[name][at]^1<<c.rnd.IntN(8))
		return c.named(name, at)
	}},
	{"a byte changed", func(c *tampering) bool {
		name, at := c.place()
		c.set(name, at, byte(c.rnd.IntN(256)))
		return c.named(name, at)
	}},
	{"a character changed for one of its like", func(c *tampering) bool {
		name, at := c.place()
		likes := []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "+/=", "AEIMQUYcgkosw048", "\n\r\t \x00"}
		for _, i := range c.rnd.Perm(len(likes)) {
			if like := likes[i]; strings.IndexByte(like, c.files[name][at]) >= 0 {
				c.set(name, at, like[c.rnd.IntN(len(like))])
			}
		}
		return c.named(name, at)
	}},
	{"a line without its end", func(c *tampering) bool {
		name, _ := c.place()
		text := c.files[name]
		if text[len(text)-1] != '\n' || name == "entries.jsonl" && c.receipt.signed < len(c.receipt.lines()) {
			return false
		}
		at := len(text) - 1
		ends := []string{"", "\r\n", "\n\n", " \n", "\n "}
		end := ends[c.rnd.IntN(len(ends))]
		c.note("%s ends with %q", name, end)
		c.files[name] = append(bytes.Clone(text[:at]), end...)
		if name == "entries.jsonl" && (end == "\n\n" || end == "\n ") {
			return false // that is after the last checkpoint
		}
		return c.named(name, at)
	}},
	{"entries deleted", func(c *tampering) bool {
		lines := c.receipt.lines()
		i := c.rnd.IntN(c.receipt.signed)
		n := 1 + c.rnd.IntN(min(3, c.receipt.signed-i))
		return c.entries(slices.Delete(lines, i, i+n))
	}},
	{"entries swapped", func(c *tampering) bool {
		lines := c.receipt.lines()
		i, j := c.rnd.IntN(c.receipt.signed), c.rnd.IntN(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
		return c.entries(lines)
	}},
	{"an entry moved", func(c *tampering) bool {
		lines := c.receipt.lines()
		i := c.rnd.IntN(c.receipt.signed)
		line := lines[i]
		lines = slices.Delete(lines, i, i+1)
		return c.entries(slices.Insert(lines, c.rnd.IntN(c.receipt.signed), line))
	}},
	{"an entry inserted", func(c *tampering) bool {
		other := c.all[c.rnd.IntN(len(c.all))].lines()
		return c.entries(slices.Insert(c.receipt.lines(), c.rnd.IntN(c.receipt.signed), other[c.rnd.IntN(len(other))]))
	}},
	{"an entry doubled", func(c *tampering) bool {
		lines := c.receipt.lines()
		i := c.rnd.IntN(c.receipt.signed)
		return c.entries(slices.Insert(lines, i, lines[i]))
	}},
	{"entries deleted and the others counted again", func(c *tampering) bool {
		lines := c.receipt.lines()
		i := c.rnd.IntN(c.receipt.signed)
		return c.entries(renumber(slices.Delete(lines, i, i+1)))
	}},
	{"another person in an entry", func(c *tampering) bool {
		lines := c.receipt.lines()
		i := c.rnd.IntN(c.receipt.signed)
		_, rest, ok := bytes.Cut(lines[i], []byte(`"subject":"`))
		if !ok {
			return false
		}
		lines[i] = bytes.Replace(lines[i], rest[:44], []byte(base64.StdEncoding.EncodeToString(c.random(32))), 1)
		return c.entries(lines)
	}},
	{"another outcome in an entry", func(c *tampering) bool {
		lines := c.receipt.lines()
		outcomes := []string{"accepted", "rejected", "unsent", "unknown"}
		for range 100 {
			i := c.rnd.IntN(c.receipt.signed)
			for _, was := range outcomes {
				now := outcomes[c.rnd.IntN(len(outcomes))]
				if changed := bytes.Replace(lines[i], []byte(`"outcome":"`+was), []byte(`"outcome":"`+now), 1); !bytes.Equal(changed, lines[i]) {
					lines[i] = changed
					return c.entries(lines)
				}
			}
		}
		return false
	}},
	{"entries truncated", func(c *tampering) bool {
		text := c.files["entries.jsonl"]
		at := c.rnd.IntN(len(bytes.Join(c.receipt.lines()[:c.receipt.signed], nil)))
		c.note("entries.jsonl has %d bytes of %d", at, len(text))
		c.files["entries.jsonl"] = text[:at]
		return c.named("entries.jsonl", at)
	}},
	{"a file truncated", func(c *tampering) bool {
		name, at := c.place()
		c.note("%s has %d bytes of %d", name, at, len(c.files[name]))
		c.files[name] = c.files[name][:at:at]
		return c.named(name, at)
	}},
	{"a file removed", func(c *tampering) bool {
		name, _ := c.place()
		if strings.HasPrefix(name, "checkpoints/") {
			return false // the last of the remaining checkpoints covers all entries before it
		}
		c.note("%s is gone", name)
		delete(c.files, name)
		return c.named(name, 0)
	}},
	{"a file of another receipt", func(c *tampering) bool {
		name, _ := c.place()
		other := c.all[c.rnd.IntN(len(c.all))]
		if name == "keys" || other.files[name] == nil && !strings.HasPrefix(name, "checkpoints/") {
			return false // all receipts have the same keys, or some of them
		}
		text := other.files[name]
		if strings.HasPrefix(name, "checkpoints/") {
			names := other.checkpoints()
			text = other.files[names[c.rnd.IntN(len(names))]]
		}
		c.note("%s is that of %s", name, other.name)
		c.files[name] = text
		if name == "plan.note" && other != c.receipt { // the plan is valid, but the checkpoints belong to another plan
			c.part, c.first = "checkpoint", -1
			return true
		}
		return c.named(name, firstDifference(text, c.receipt.files[name]))
	}},
	{"an old checkpoint put back", func(c *tampering) bool {
		names := c.receipt.checkpoints()
		if len(names) < 2 {
			return false
		}
		i := c.rnd.IntN(len(names) - 1)
		j := i + 1 + c.rnd.IntN(len(names)-i-1)
		c.note("%s is %s", names[j], names[i])
		c.files[names[j]] = c.files[names[i]]
		return c.named(names[j], 0)
	}},
	{"the receipt put back to an old checkpoint, while a newer one was kept", func(c *tampering) bool {
		names := c.receipt.checkpoints()
		if len(names) < 2 {
			return false
		}
		size := c.putBack(c.rnd.IntN(len(names) - 1))
		c.since = c.receipt.files[names[len(names)-1]]
		c.part, c.first, c.exact = "entry", size, true
		return true
	}},
	{"a receipt made again, while a checkpoint was kept", func(c *tampering) bool {
		names := c.receipt.checkpoints()
		kept := c.rnd.IntN(len(names))
		size, _ := strconv.Atoi(strings.TrimPrefix(names[kept], "checkpoints/"))
		lines := c.receipt.lines()
		i := c.rnd.IntN(size)
		at := bytes.Index(lines[i], []byte(`"at":"2026-11-26T`)) + len(`"at":"2026-11-26T00:00:0`)
		lines[i] = bytes.Clone(lines[i])
		lines[i][at] = '0' + (lines[i][at]-'0'+1+byte(c.rnd.IntN(9)))%10
		c.files["entries.jsonl"] = bytes.Join(lines, nil)
		c.files["hashes"] = hashesOf(lines)
		for _, name := range names {
			n, _ := strconv.Atoi(strings.TrimPrefix(name, "checkpoints/"))
			c.files[name] = c.checkpoint(lines[:n], c.receipt.office.operator)
		}
		c.note("entry %d is new, all is signed by the operator, and %s was kept", i, names[kept])
		c.since = c.receipt.files[names[kept]]
		c.part, c.first = "since", -1
		return true
	}},
	{"a checkpoint signed by another key", func(c *tampering) bool {
		names := c.receipt.checkpoints()
		name := names[c.rnd.IntN(len(names))]
		n, _ := strconv.Atoi(strings.TrimPrefix(name, "checkpoints/"))
		lines := c.receipt.lines()
		by := []erasure.Signer{c.stranger("operator/ann"), c.stranger("operator/eve"), c.receipt.office.approver}[c.rnd.IntN(3)]
		c.note("%s is signed by %v", name, by)
		if c.rnd.IntN(2) == 0 { // other entries too
			lines = slices.Delete(lines, c.rnd.IntN(n), n)
		}
		c.files[name] = c.checkpoint(lines[:min(n, len(lines))], by)
		return c.named(name, 0)
	}},
	{"entries, hashes and checkpoints made again with another key", func(c *tampering) bool {
		lines := c.receipt.lines()
		i := c.rnd.IntN(c.receipt.signed)
		lines = renumber(slices.Delete(lines, i, i+1))
		by := c.stranger("operator/ann")
		c.files["entries.jsonl"], c.files["hashes"] = bytes.Join(lines, nil), hashesOf(lines)
		names := c.receipt.checkpoints()
		for _, name := range names {
			n, _ := strconv.Atoi(strings.TrimPrefix(name, "checkpoints/"))
			c.files[name] = c.checkpoint(lines[:min(n, len(lines))], by)
		}
		c.note("entry %d is gone, and a stranger has signed", i)
		return c.named(names[0], 0)
	}},
	{"entries and hashes made again", func(c *tampering) bool {
		lines := c.receipt.lines()
		i := c.rnd.IntN(c.receipt.signed)
		switch c.rnd.IntN(3) {
		case 0:
			lines = slices.Delete(lines, i, i+1)
		case 1:
			lines = renumber(slices.Delete(lines, i, i+1))
		default:
			lines = slices.Insert(lines, i, []byte("{}\n"))
		}
		if !c.entries(lines) {
			return false
		}
		c.files["hashes"] = hashesOf(lines)
		c.exact = false
		return true
	}},
	{"hashes replaced", func(c *tampering) bool {
		hashes := bytes.Clone(c.files["hashes"])
		n := len(hashes) / tlog.HashSize
		for range 1 + c.rnd.IntN(4) {
			i := c.rnd.IntN(int(tlog.StoredHashCount(int64(c.receipt.signed))))
			from := c.random(tlog.HashSize)
			if c.rnd.IntN(2) == 0 {
				j := c.rnd.IntN(n)
				from = bytes.Clone(hashes[j*tlog.HashSize : (j+1)*tlog.HashSize])
			}
			c.note("hash %d", i)
			copy(hashes[i*tlog.HashSize:], from)
		}
		c.files["hashes"] = hashes
		return c.named("hashes", firstDifference(hashes, c.receipt.files["hashes"]))
	}},
	{"another plan", func(c *tampering) bool {
		text := c.otherPlan()
		signatures := c.receipt.plan[bytes.LastIndex(c.receipt.plan, []byte("\n\n"))+2:]
		o := c.receipt.office
		switch c.rnd.IntN(3) {
		case 0: // with the old signatures
			c.part, c.files["plan.note"] = "plan", fmt.Appendf(nil, "%s\n%s", text, signatures)
		case 1: // signed by a stranger
			c.part, c.files["plan.note"] = "plan", c.signed(text, c.stranger("operator/ann"), o.approver)
		default: // signed by the operator again, with the old approval
			approval := slices.Collect(bytes.Lines(signatures))[1:]
			c.files["plan.note"] = append(c.signed(text, o.operator), bytes.Join(approval, nil)...)
			if c.part = "approval"; len(approval) == 0 {
				c.part = "checkpoint" // the plan needs no approval, and the checkpoints belong to another plan
			}
		}
		c.first = -1
		return true
	}},
	{"the approval of another plan", func(c *tampering) bool {
		text, ordered := c.signatureBy(c.receipt.plan, "operator/")
		if _, has := c.signatureBy(c.receipt.plan, "approver/"); has == "" {
			return false
		}
		var other *goodReceipt
		approval := ""
		for approval == "" || other == c.receipt {
			other = c.all[c.rnd.IntN(len(c.all))]
			_, approval = c.signatureBy(other.plan, "approver/")
		}
		c.files["plan.note"] = []byte(text + "\n" + ordered + approval)
		c.note("the approval is that of %s", other.name)
		c.part, c.first = "approval", -1
		return true
	}},
	{"no approval", func(c *tampering) bool {
		text, approval := c.signatureBy(c.receipt.plan, "approver/")
		if approval == "" {
			return false
		}
		o := c.receipt.office
		switch c.rnd.IntN(3) {
		case 0:
			c.files["plan.note"] = c.signed(text, o.operator)
		case 1:
			c.files["plan.note"] = c.signed(text, o.operator, c.stranger("approver/bob"))
		default:
			c.files["plan.note"] = c.signed(text, o.operator, c.stranger("operator/bob"))
		}
		c.part, c.first = "approval", -1
		return true
	}},
	{"one key that signs twice", func(c *tampering) bool {
		text, approval := c.signatureBy(c.receipt.plan, "approver/")
		if approval == "" {
			return false
		}
		// An operator's key under an approver's name, trusted or not.
		private, public, err := erasure.GenerateKey(erasure.RoleOperator, "ann")
		if err != nil {
			c.t.Fatal(err)
		}
		operator, err := erasure.ParseSigner(private)
		if err != nil {
			c.t.Fatal(err)
		}
		again, publicAgain := renamedKey(c.t, private, public, "operator/ann", "approver/bob")
		c.files["plan.note"] = c.signed(text, operator, again)
		c.ring = public + "\n" + publicAgain + "\n"
		if c.rnd.IntN(2) == 0 {
			c.ring = public + "\n"
			c.note("the second name is not trusted")
		}
		c.files["keys"] = []byte(c.ring)
		for _, name := range c.receipt.checkpoints() {
			n, _ := strconv.Atoi(strings.TrimPrefix(name, "checkpoints/"))
			c.files[name] = c.checkpoint(c.receipt.lines()[:n], operator)
		}
		c.part, c.first = "approval", -1
		return true
	}},
	{"another guard", func(c *tampering) bool {
		lines := slices.Collect(bytes.Lines(c.files["guard"]))
		if len(lines) < 4 {
			return false
		}
		i := 3 + c.rnd.IntN(len(lines)-3)
		name := []byte(base64.StdEncoding.EncodeToString(c.random(32)) + "\n")
		switch c.rnd.IntN(4) {
		case 0:
			lines = slices.Delete(lines, i, i+1)
		case 1:
			lines = slices.Insert(lines, i, name)
		case 2:
			lines[i] = name
		default:
			j := 3 + c.rnd.IntN(len(lines)-3)
			lines[i], lines[j] = lines[j], lines[i]
		}
		c.files["guard"] = bytes.Join(lines, nil)
		return c.named("guard", 0)
	}},
}
