//! Media types: what a body is, and what an answer may be.

use http::{HeaderMap, header};

pub(crate) const JSON: &str = "application/json";
pub(crate) const POSTCARD: &str = "application/vnd.postcard";
pub(crate) const PROGRAM: &str = "application/vnd.runner.program";
pub(crate) const BYTES: &str = "application/octet-stream";
#[cfg(feature = "server")]
pub(crate) const SOURCE: &str = "text/x-lutra";

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// As [`runner_json`] does.
    Json,
    /// As [`runner_core::wire`] does.
    Postcard,
}

impl Media {
    pub(crate) const ALL: [Self; 2] = [Self::Json, Self::Postcard];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Postcard => POSTCARD,
        }
    }
}

/// The media type of a body, in lower case and without parameters; `None` if the head does not say.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
}

/// The media type that `Accept` likes best; `default` of those that it likes equally. `None` if it takes none.
///
/// As [RFC 9110, 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1): the most specific range that names a
/// type gives its weight, and a weight of 0 means that it is not taken.
#[cfg(feature = "server")]
pub(crate) fn accepted(headers: &HeaderMap, default: Media) -> Option<Media> {
    let mut said = false;
    let mut best: [Option<(u8, u16)>; 2] = [None, None];
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let Some(range) = Range::read(range) else { continue };
            said = true;
            for (media, best) in Media::ALL.into_iter().zip(&mut best) {
                let Some(specific) = range.specific(media) else { continue };
                if best.is_none_or(|(known, _)| specific > known) {
                    *best = Some((specific, range.weight));
                }
            }
        }
    }
    if !said {
        return Some(default);
    }
    let weighed = Media::ALL.into_iter().zip(best);
    let taken =
        weighed.filter_map(|(media, best)| best.filter(|(_, weight)| *weight > 0).map(|(_, w)| (media, w)));
    taken.max_by_key(|(media, weight)| (*weight, *media == default)).map(|(media, _)| media)
}

/// A media range and its weight in thousandths.
#[cfg(feature = "server")]
struct Range<'a> {
    range: &'a str,
    weight: u16,
}

#[cfg(feature = "server")]
impl<'a> Range<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let range = parts.next().filter(|range| !range.is_empty())?;
        let weight = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(Some(1.0), |(_, weight)| weight.trim().parse::<f32>().ok())
            .filter(|weight| (0.0..=1.0).contains(weight))?;
        Some(Self { range, weight: (weight * 1000.0) as u16 })
    }

    /// How closely the range names a type, if it does.
    fn specific(&self, media: Media) -> Option<u8> {
        let alias = media == Media::Postcard && self.range.eq_ignore_ascii_case(BYTES);
        match self.range {
            "*/*" => Some(0),
            range if range.eq_ignore_ascii_case("application/*") => Some(1),
            range if range.eq_ignore_ascii_case(media.name()) => Some(3),
            _ if alias => Some(2),
            _ => None,
        }
    }
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;

    #[test]
    fn the_best_weight_wins_and_the_most_specific_range_weighs() {
        use Media::{Json, Postcard};
        let cases = [
            ("", Some(Json)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/vnd.postcard", Some(Postcard)),
            ("APPLICATION/OCTET-STREAM", Some(Postcard)),
            ("application/json;q=0.5, application/vnd.postcard", Some(Postcard)),
            ("application/json; q=0.9 , application/vnd.postcard;q=0.8", Some(Json)),
            ("*/*, application/json;q=0", Some(Postcard)),
            ("*/*;q=0.1, application/json;q=0.05", Some(Postcard)),
            ("application/vnd.postcard;q=0, */*", Some(Json)),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(Json)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=2", Some(Json)),
            ("application/json;q=x, application/vnd.postcard;q=0.1", Some(Postcard)),
            (",;,", Some(Json)),
        ];
        for (accept, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(accepted(&headers, Json), expected, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new(), Postcard), Some(Postcard));
        let mut both = HeaderMap::new();
        both.append(header::ACCEPT, "text/html".parse().unwrap());
        both.append(header::ACCEPT, "application/vnd.postcard".parse().unwrap());
        assert_eq!(accepted(&both, Json), Some(Postcard));
    }

    #[test]
    fn parameters_and_case_of_a_content_type_do_not_matter() {
        let mut headers = HeaderMap::new();
        assert_eq!(content_type(&headers), None);
        headers.insert(header::CONTENT_TYPE, "Application/JSON; charset=utf-8".parse().unwrap());
        assert_eq!(content_type(&headers).unwrap(), JSON);
    }
}
