package source

import (
	"slices"
	"strings"
	"unicode"
)

// nameWords splits the name of a column into words in lower case: createdAt, Created At and created_at give the same words.
func nameWords(name string) []string {
	var words []string
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			words = append(words, b.String())
			b.Reset()
		}
	}
	lower := false
	for _, r := range cut(name, 200) {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			lower = false
			continue
		case unicode.IsUpper(r) && lower:
			end()
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
		b.WriteRune(unicode.ToLower(r))
	}
	end()
	return words
}

var (
	phoneWords = []string{"phone", "tel", "telephone", "telefon", "telefonnummer", "mobile", "mobil", "mobilnummer", "cell", "cellphone", "handy", "handynummer", "fax", "telefono", "teléfono", "téléphone", "portable", "msisdn", "whatsapp"}
	postWords  = []string{"zip", "zipcode", "postal", "postalcode", "postcode", "plz", "postleitzahl"}
	timeWords  = []string{"date", "datum", "time", "timestamp", "ts", "at", "created", "updated", "modified", "registered", "signup", "joined", "birthday", "birthdate", "birth",
		"dob", "since", "expires", "expiry", "epoch", "seen", "datetime", "day", "tag", "zeit", "zeitpunkt", "erstellt", "geburtsdatum", "geburtstag", "bestelldatum", "buchungstag", "fecha", "fechahora", "erdat", "bldat", "budat"}
	// countWords turn a name that otherwise means a time or an id into a quantity.
	countWords = []string{"count", "of", "total", "duration", "seconds", "minutes", "hours", "days", "spent", "zone", "offset", "avg", "average", "num", "amount", "times"}
	idLast     = []string{"id", "ids", "no", "nr", "number", "nummer", "code", "sku", "ean", "gtin", "isbn", "upc", "barcode", "iban", "ref", "reference", "key", "uuid", "guid", "kunnr", "vbeln"}
	idEnds     = []string{"nummer", "nr"}
	// idJoined are ids whose name is written as one word.
	idJoined = []string{"userid", "customerid", "orderid", "productid", "memberid", "contactid", "accountid", "personid", "clientid", "transactionid", "sessionid", "invoiceid",
		"groupid", "companyid", "parentid", "objectid", "itemid", "eventid", "campaignid", "ownerid", "leadid", "uid", "leid", "euid", "version"}
	personal = []string{"email", "mail", "name", "firstname", "lastname", "surname", "vorname", "nachname", "address", "address1", "address2", "street", "strasse", "straße", "anschrift",
		"birth", "birthday", "birthdate", "dob", "geburtsdatum", "ip", "ssn", "passport", "password", "iban", "token", "gender"}
)

func hasWord(name, list []string) bool {
	return slices.ContainsFunc(name, func(w string) bool { return slices.Contains(list, w) })
}

// isTimeName reports whether a column is named like a point in time.
func isTimeName(name []string) bool {
	return (hasWord(name, timeWords) || slices.ContainsFunc(name, func(w string) bool { return strings.HasSuffix(w, "datum") || strings.HasSuffix(w, "date") })) && !hasWord(name, countWords)
}

// isIDName reports whether a column is named like something that nobody calculates with.
func isIDName(name []string) bool {
	if len(name) == 0 || hasWord(name, countWords) {
		return false
	}
	last := name[len(name)-1]
	return slices.Contains(idLast, last) || slices.Contains(idJoined, last) || len(last) > 4 && slices.ContainsFunc(idEnds, func(end string) bool { return strings.HasSuffix(last, end) })
}

// thingWords are things that have a name and are not persons.
var thingWords = []string{"item", "lineitem", "product", "event", "campaign", "list", "plan", "company", "organization", "file", "host", "segment", "class", "method"}

// isPersonal reports whether a column is named like personal data.
func isPersonal(name []string) bool {
	if hasWord(name, thingWords) {
		return false
	}
	if hasWord(name, personal) || hasWord(name, phoneWords) || hasWord(name, postWords) {
		return true
	}
	return slices.ContainsFunc(name, func(w string) bool {
		return strings.HasSuffix(w, "name") || strings.HasSuffix(w, "mail") || strings.HasPrefix(w, "phone")
	})
}
