package emulator

// requestData is what the page shows of a request: one page of its messages,
// those that were not accepted first.
type requestData struct {
	RequestDetail
	Curl   string
	Replay bool
	Answer string
	Path   string

	Verdict           Verdict // the only one that is shown, or ""
	Shown             []RequestMessage
	First, Last, Of   int // which ones are shown, counted from 1
	Previous, Further int // the pages before and after, or 0
}

// bySeverity orders verdicts: those that need the most attention come first.
var bySeverity = []Verdict{VerdictRejected, VerdictDropped, VerdictAccepted}

// choose fills in the page of messages with the number, counted from 1.
func (d *requestData) choose(page int) {
	var places []int
	for _, verdict := range bySeverity {
		for i := range d.List {
			if d.List[i].Record.Verdict == verdict && (d.Verdict == "" || d.Verdict == verdict) {
				places = append(places, i)
			}
		}
	}
	d.Of = len(places)
	page = min(max(page, 1), max(1, (d.Of+pageRows-1)/pageRows))
	first, last := (page-1)*pageRows, min(page*pageRows, d.Of)
	for _, i := range places[first:last] {
		d.Shown = append(d.Shown, d.List[i])
	}
	d.First, d.Last = first+1, last
	d.Previous = page - 1
	if last < d.Of {
		d.Further = page + 1
	}
}
