Functions that live in the temporary schema of a connection. What may be merged into a statement is LANGUAGE sql.

-- fail
CREATE FUNCTION pg_temp.fail(message text, type anyelement) RETURNS anyelement LANGUAGE plpgsql VOLATILE AS $$
BEGIN RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = message; END $$;

-- too_long
CREATE FUNCTION pg_temp.too_long(bytes int8) RETURNS text LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'LT002', MESSAGE = format('a text of %s bytes, where there may be {bytes}', bytes);
END $$;

-- text_within: too_long
CREATE FUNCTION pg_temp.text_within(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF octet_length(x) > {bytes} THEN RETURN pg_temp.too_long(octet_length(x)); END IF;
  RETURN x;
END $$;

-- text_replace: too_long
CREATE FUNCTION pg_temp.text_replace(x text, part text, other text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE bytes int8;
BEGIN
  IF octet_length(x)::int8 * octet_length(other) > {bytes} AND part <> '' THEN
    bytes := octet_length(x)::int8 - octet_length(replace(x, part, ''));
    bytes := octet_length(x) - bytes + bytes / octet_length(part) * octet_length(other);
    IF bytes > {bytes} THEN RETURN pg_temp.too_long(bytes); END IF;
  END IF;
  RETURN replace(x, part, other);
END $$;

-- too_many_parts
CREATE FUNCTION pg_temp.too_many_parts(parts int8) RETURNS text[] LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'LT003', MESSAGE = format('a text of %s parts, where there may be {parts}', parts);
END $$;

-- text_characters: too_many_parts
CREATE FUNCTION pg_temp.text_characters(x text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF octet_length(x) > {parts} AND char_length(x) > {parts} THEN
    RETURN pg_temp.too_many_parts(char_length(x));
  END IF;
  RETURN string_to_array(x, NULL);
END $$;

-- text_parts: too_many_parts
CREATE FUNCTION pg_temp.text_parts(x text, separator text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE parts int8;
BEGIN
  IF octet_length(x) > {parts} THEN
    parts := (octet_length(x) - octet_length(replace(x, separator, ''))) / octet_length(separator);
    IF parts > {parts} THEN RETURN pg_temp.too_many_parts(parts); END IF;
  END IF;
  RETURN string_to_array(x, separator);
END $$;

-- float_add_slow
CREATE FUNCTION pg_temp.float_add_slow(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN a + b;
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN CASE WHEN a > 0 THEN 'Infinity' ELSE '-Infinity' END;
END $$;

-- float_add: float_add_slow
CREATE FUNCTION pg_temp.float_add(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(a) < 8e307 AND abs(b) < 8e307 THEN a + b ELSE pg_temp.float_add_slow(a, b) END $$;

-- float_sub: float_add_slow
CREATE FUNCTION pg_temp.float_sub(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(a) < 8e307 AND abs(b) < 8e307 THEN a - b ELSE pg_temp.float_add_slow(a, - b) END $$;

-- float_mul_slow
CREATE FUNCTION pg_temp.float_mul_slow(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN a * b;
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN CASE WHEN ln(abs(a)) + ln(abs(b)) > 0
    THEN CASE WHEN (a < 0) = (b < 0) THEN 'Infinity' ELSE '-Infinity' END
    ELSE CASE WHEN (a < 0) = (b < 0) THEN '0' ELSE '-0' END END;
END $$;

-- float_mul: float_mul_slow
CREATE FUNCTION pg_temp.float_mul(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN (a = 0 OR abs(a) BETWEEN 1e-140 AND 1e140) AND (b = 0 OR abs(b) BETWEEN 1e-140 AND 1e140)
  THEN a * b ELSE pg_temp.float_mul_slow(a, b) END $$;

-- float_div_slow
CREATE FUNCTION pg_temp.float_div_slow(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF b = 0 THEN
    RETURN CASE WHEN a = 0 OR a = 'NaN' THEN 'NaN'
      WHEN (a < 0) = (b::text = '-0') THEN 'Infinity' ELSE '-Infinity' END;
  END IF;
  RETURN a / b;
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN CASE WHEN ln(abs(a)) - ln(abs(b)) > 0
    THEN CASE WHEN (a < 0) = (b < 0) THEN 'Infinity' ELSE '-Infinity' END
    ELSE CASE WHEN (a < 0) = (b < 0) THEN '0' ELSE '-0' END END;
END $$;

-- float_div: float_div_slow
CREATE FUNCTION pg_temp.float_div(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN (a = 0 OR abs(a) BETWEEN 1e-140 AND 1e140) AND abs(b) BETWEEN 1e-140 AND 1e140
  THEN a / b ELSE pg_temp.float_div_slow(a, b) END $$;

-- float_times_power
CREATE FUNCTION pg_temp.float_times_power(mantissa numeric, exponent int4) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN mantissa = 0 THEN 0
  WHEN exponent < -1022 THEN mantissa::float8 * power(2::float8, -1022 / 2) * power(2::float8, exponent + 511)
  ELSE mantissa::float8 * power(2::float8, exponent) END $$;

-- float_rem: float_times_power
CREATE FUNCTION pg_temp.float_rem(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  bits int8;
  m int8[] := '{}';
  e int4[] := '{}';
  x float8;
  r numeric;
  result float8;
BEGIN
  IF a = 'NaN' OR b = 'NaN' OR abs(a) = 'Infinity' OR b = 0 THEN RETURN 'NaN'; END IF;
  IF abs(b) = 'Infinity' OR abs(a) < abs(b) THEN RETURN a; END IF;
  FOREACH x IN ARRAY ARRAY[a, b] LOOP
    bits := ('x' || encode(float8send(abs(x)), 'hex'))::bit(64)::int8;
    IF bits >> 52 = 0 THEN
      m := m || bits;
      e := e || -1074;
    ELSE
      m := m || ((bits & 4503599627370495) | 4503599627370496);
      e := e || ((bits >> 52)::int4 - 1075);
    END IF;
  END LOOP;
  IF e[1] >= e[2] THEN
    r := m[1] % m[2];
    WHILE e[1] > e[2] LOOP
      r := ((r::int8 << least(e[1] - e[2], 9)) % m[2]);
      e[1] := e[1] - least(e[1] - e[2], 9);
    END LOOP;
    result := pg_temp.float_times_power(r, e[2]);
  ELSE
    r := mod(m[1]::numeric, m[2]::numeric * (2::numeric ^ (e[2] - e[1])));
    result := pg_temp.float_times_power(trunc(r), e[1]);
  END IF;
  RETURN CASE WHEN a < 0 THEN - result ELSE result END;
END $$;

-- float_pow
CREATE FUNCTION pg_temp.float_pow(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  odd bool := abs(b) < 9007199254740992 AND b = trunc(b) AND trunc(b)::int8 % 2 <> 0;
BEGIN
  IF a = 0 AND b < 0 THEN
    RETURN CASE WHEN odd AND a::text = '-0' THEN '-Infinity' ELSE 'Infinity' END;
  END IF;
  IF a = '-Infinity' AND b <> 0 AND b <> 'NaN' THEN
    RETURN CASE WHEN odd THEN CASE WHEN b > 0 THEN '-Infinity' ELSE '-0' END
      ELSE CASE WHEN b > 0 THEN 'Infinity' ELSE '0' END END;
  END IF;
  IF a < 0 AND abs(b) <> 'Infinity' AND b <> 'NaN' AND b <> trunc(b) THEN
    RETURN 'NaN';
  END IF;
  RETURN power(a, b);
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN CASE WHEN (abs(a) > 1) = (b > 0)
    THEN CASE WHEN a < 0 AND odd THEN '-Infinity' ELSE 'Infinity' END
    ELSE CASE WHEN a < 0 AND odd THEN '-0' ELSE '0' END END;
END $$;

-- float_sqrt
CREATE FUNCTION pg_temp.float_sqrt(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN x < 0 THEN 'NaN' ELSE sqrt(x) END $$;

-- float_exp_slow
CREATE FUNCTION pg_temp.float_exp_slow(x float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN exp(x);
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN CASE WHEN x > 0 THEN 'Infinity' ELSE '0' END;
END $$;

-- float_exp: float_exp_slow
CREATE FUNCTION pg_temp.float_exp(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(x) < 700 THEN exp(x) ELSE pg_temp.float_exp_slow(x) END $$;

-- float_ln
CREATE FUNCTION pg_temp.float_ln(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN x = 0 THEN '-Infinity' WHEN x < 0 THEN 'NaN' ELSE ln(x) END $$;

-- float_log10
CREATE FUNCTION pg_temp.float_log10(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN x = 0 THEN '-Infinity' WHEN x < 0 THEN 'NaN' ELSE log(x) END $$;

-- float_round
CREATE FUNCTION pg_temp.float_round(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(x) < 4503599627370496 AND abs(x - trunc(x)) >= 0.5 THEN trunc(x) + sign(x)
  ELSE trunc(x) END $$;

-- float_sin
CREATE FUNCTION pg_temp.float_sin(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(x) = 'Infinity' THEN 'NaN' ELSE sin(x) END $$;

-- float_cos
CREATE FUNCTION pg_temp.float_cos(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(x) = 'Infinity' THEN 'NaN' ELSE cos(x) END $$;

-- float_tan
CREATE FUNCTION pg_temp.float_tan(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(x) = 'Infinity' THEN 'NaN' ELSE tan(x) END $$;

-- float_asin
CREATE FUNCTION pg_temp.float_asin(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(x) <= 1 THEN asin(x) ELSE 'NaN' END $$;

-- float_acos
CREATE FUNCTION pg_temp.float_acos(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(x) <= 1 THEN acos(x) ELSE 'NaN' END $$;

-- float_atan
CREATE FUNCTION pg_temp.float_atan(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT atan(x) $$;

-- to_float4
CREATE FUNCTION pg_temp.to_float4(x float8) RETURNS float4 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN abs(x) >= 3.4028235677973366e38 AND abs(x) < 'Infinity'
    THEN CASE WHEN x > 0 THEN 'Infinity'::float4 ELSE '-Infinity'::float4 END
  WHEN abs(x) <= 7.006492321624085e-46 AND x <> 0
    THEN CASE WHEN x > 0 THEN '0'::float4 ELSE '-0'::float4 END
  ELSE x::float4 END $$;

-- float4_add: to_float4
CREATE FUNCTION pg_temp.float4_add(a float4, b float4) RETURNS float4 LANGUAGE sql IMMUTABLE AS $$
SELECT pg_temp.to_float4(a::float8 + b::float8) $$;

-- sum_float8: float_add
CREATE AGGREGATE pg_temp.sum_float8(float8) (SFUNC = pg_temp.float_add, STYPE = float8, INITCOND = '0');

-- sum_float4: float4_add
CREATE AGGREGATE pg_temp.sum_float4(float4) (SFUNC = pg_temp.float4_add, STYPE = float4, INITCOND = '0');

-- to_int
CREATE FUNCTION pg_temp.to_int(x float8, lowest float8, highest float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN x = 'NaN' THEN 0 WHEN x <= lowest THEN lowest WHEN x >= highest THEN highest ELSE trunc(x) END $$;

-- to_int64
CREATE FUNCTION pg_temp.to_int64(x float8) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN x = 'NaN' THEN 0
  WHEN x >= 9223372036854775808 THEN 9223372036854775807
  WHEN x <= -9223372036854775808 THEN (-9223372036854775808)::int8
  ELSE trunc(x)::int8 END $$;

-- to_uint64
CREATE FUNCTION pg_temp.to_uint64(x float8) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN x = 'NaN' OR x <= 0 THEN 0
  WHEN x >= 18446744073709551616 THEN 18446744073709551615
  WHEN x >= 9223372036854775808 THEN (x - 9223372036854775808)::int8 + 9223372036854775808
  ELSE trunc(x)::int8::numeric END $$;

-- float8_bits
CREATE FUNCTION pg_temp.float8_bits(x float8) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
SELECT mod(('x' || encode(float8send(x), 'hex'))::bit(64)::int8::numeric + 18446744073709551616,
  18446744073709551616) $$;

-- float4_bits
CREATE FUNCTION pg_temp.float4_bits(x float4) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
SELECT ('x' || encode(float4send(x), 'hex'))::bit(32)::int8 & 4294967295 $$;

-- float8_of_bits: float_times_power
CREATE FUNCTION pg_temp.float8_of_bits(bits numeric) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  negative bool := bits >= 9223372036854775808;
  rest int8 := mod(bits, 9223372036854775808);
  exponent int4 := rest >> 52;
  mantissa int8 := rest & 4503599627370495;
  result float8;
BEGIN
  IF exponent = 2047 THEN
    result := CASE WHEN mantissa = 0 THEN 'Infinity' ELSE 'NaN' END;
  ELSIF exponent = 0 THEN
    result := pg_temp.float_times_power(mantissa, -1074);
  ELSE
    result := pg_temp.float_times_power(mantissa | 4503599627370496, exponent - 1075);
  END IF;
  RETURN CASE WHEN negative THEN - result ELSE result END;
END $$;

-- float4_of_bits: float_times_power
CREATE FUNCTION pg_temp.float4_of_bits(bits int8) RETURNS float4 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  exponent int4 := (bits >> 23) & 255;
  mantissa int8 := bits & 8388607;
  result float8;
BEGIN
  IF exponent = 255 THEN
    result := CASE WHEN mantissa = 0 THEN 'Infinity' ELSE 'NaN' END;
  ELSIF exponent = 0 THEN
    result := pg_temp.float_times_power(mantissa, -149);
  ELSE
    result := pg_temp.float_times_power(mantissa | 8388608, exponent - 150);
  END IF;
  RETURN (CASE WHEN bits >= 2147483648 THEN - result ELSE result END)::float4;
END $$;

-- float_text_large
CREATE FUNCTION pg_temp.float_text_large(x text, whole int8) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
/* Half-way between two floats there may be a shorter number, which reads back as the even one; the server passes it over. */
DECLARE
  best text := abs(x::numeric)::text;
  cut int4 := length(best) - length(rtrim(best, '0')) + 1;
  found bool := true;
  shorter numeric;
  digits text;
BEGIN
  WHILE found AND cut < length(best) LOOP
    found := false;
    FOREACH shorter IN ARRAY ARRAY[trunc(best::numeric, - cut), trunc(best::numeric, - cut) + 10::numeric ^ cut] LOOP
      IF NOT found AND (CASE WHEN whole = 16777216 THEN CASE WHEN shorter < 3.4028235e38 THEN shorter::float4 = best::float4 END
          WHEN shorter < 1.7976931348623158e308 THEN shorter::float8 = best::float8 END) THEN
        found := true;
        best := shorter::numeric(1000, 0)::text;
      END IF;
    END LOOP;
    cut := cut + 1;
  END LOOP;
  IF length(best) > 16 THEN
    digits := rtrim(best, '0');
    best := left(digits, 1) || CASE WHEN length(digits) > 1 THEN '.' || substr(digits, 2) ELSE '' END
      || 'e' || length(best) - 1;
  END IF;
  RETURN CASE WHEN left(x, 1) = '-' THEN '-' ELSE '' END || best;
END $$;

-- float_text: float_text_large
CREATE FUNCTION pg_temp.float_text(x text, whole int8) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN x = 'NaN' THEN x WHEN x = 'Infinity' THEN 'inf' WHEN x = '-Infinity' THEN '-inf'
  WHEN abs(x::float8) > whole THEN pg_temp.float_text_large(x, whole)
  WHEN strpos(x, 'e') = 0 THEN x
  WHEN split_part(x, 'e', 2)::int4 BETWEEN -4 AND 15 THEN x::numeric::text
  ELSE split_part(x, 'e', 1) || 'e' || split_part(x, 'e', 2)::int4 END $$;

-- int_pow
CREATE FUNCTION pg_temp.int_pow(a int8, b int8) RETURNS int8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE result int8 := 1;
BEGIN
  IF b < 0 THEN RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = 'a negative exponent of an integer'; END IF;
  IF a IN (0, 1, -1) THEN
    RETURN CASE WHEN b = 0 OR a = 1 THEN 1 WHEN a = 0 THEN 0 WHEN b % 2 = 0 THEN 1 ELSE -1 END;
  END IF;
  FOR step IN 1 .. least(b, 64) LOOP result := result * a; END LOOP;
  RETURN result;
END $$;

-- from_ascii
CREATE FUNCTION pg_temp.from_ascii(x int2) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF x = 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'LT000', MESSAGE = 'a text with U+0000';
  ELSIF x > 127 THEN
    RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = format('%s is no ASCII character', x);
  END IF;
  RETURN chr(x);
END $$;

-- text_lower: text_characters
CREATE FUNCTION pg_temp.text_lower(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF octet_length(x) = char_length(x) THEN RETURN lower(x COLLATE "C"); END IF;
  RETURN (SELECT string_agg(coalesce('{lower}'::jsonb ->> c, c), '' ORDER BY o)
    FROM unnest(pg_temp.text_characters(x)) WITH ORDINALITY AS u(c, o));
END $$;

-- text_upper: text_characters
CREATE FUNCTION pg_temp.text_upper(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF octet_length(x) = char_length(x) THEN RETURN upper(x COLLATE "C"); END IF;
  RETURN (SELECT string_agg(coalesce('{upper}'::jsonb ->> c, c), '' ORDER BY o)
    FROM unnest(pg_temp.text_characters(x)) WITH ORDINALITY AS u(c, o));
END $$;

-- nul_length
CREATE FUNCTION pg_temp.nul_length(x text) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
SELECT char_length(translate(x, E'\x03\x04\x05', ''))::int8 $$;

-- nul_characters: text_characters
CREATE FUNCTION pg_temp.nul_characters(x text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN translate(x, E'\x01\x02', '') = x THEN pg_temp.text_characters(x)
  ELSE ARRAY(SELECT m[1] FROM regexp_matches(x, E'[\x01\x02]?.', 'g') WITH ORDINALITY AS r(m, o) ORDER BY o) END $$;

-- nul_escape: text_characters
CREATE FUNCTION pg_temp.nul_escape(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN x IS NULL OR translate(x, E'\x01\x02\x03\x04\x05', '') = x THEN x ELSE
  (SELECT string_agg(CASE WHEN ascii(c) <= 5 THEN chr(1 + ascii(c) / 3) || chr(3 + ascii(c) % 3) ELSE c END, '' ORDER BY o)
    FROM unnest(pg_temp.text_characters(x)) WITH ORDINALITY AS u(c, o)) END $$;

-- nul_unescape: nul_characters
CREATE FUNCTION pg_temp.nul_unescape(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF x IS NULL OR translate(x, E'\x01\x02', '') = x THEN RETURN x; END IF;
  IF strpos(x, E'\x01\x03') > 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = 'a column of PostgreSQL can''t hold U+0000';
  END IF;
  RETURN (SELECT string_agg(CASE WHEN ascii(c) <= 2 THEN chr((ascii(c) - 1) * 3 + ascii(right(c, 1)) - 3) ELSE c END,
    '' ORDER BY o) FROM unnest(pg_temp.nul_characters(x)) WITH ORDINALITY AS u(c, o));
END $$;

-- nul_slice: nul_characters
CREATE FUNCTION pg_temp.nul_slice(x text, first int8, last int8) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  characters text[] := pg_temp.nul_characters(x);
  n int8 := coalesce(array_length(characters, 1), 0);
  s int8 := CASE WHEN first < 0 THEN greatest(n + first, 0) ELSE least(first, n) END;
  e int8 := CASE WHEN last < 0 THEN greatest(n + last, 0) ELSE least(last, n) END;
BEGIN
  RETURN array_to_string(characters[s + 1 : e], '');
END $$;

-- nul_from_ascii
CREATE FUNCTION pg_temp.nul_from_ascii(x int2) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF x > 127 THEN
    RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = format('%s is no ASCII character', x);
  END IF;
  RETURN CASE WHEN x <= 5 THEN chr(1 + x / 3) || chr(3 + x % 3) ELSE chr(x) END;
END $$;

-- text_slice
CREATE FUNCTION pg_temp.text_slice(x text, first int8, last int8) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  n int8 := char_length(x);
  s int8 := CASE WHEN first < 0 THEN greatest(n + first, 0) ELSE least(first, n) END;
  e int8 := CASE WHEN last < 0 THEN greatest(n + last, 0) ELSE least(last, n) END;
BEGIN
  RETURN substr(x, (s + 1)::int4, greatest(e - s, 0)::int4);
END $$;

-- date_civil
CREATE FUNCTION pg_temp.date_civil(days int4) RETURNS int8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  shifted int8 := days::int8 + 719468 + 146097 * 100000::int8;
  day_of_era int8 := shifted % 146097;
  year_of_era int8 := (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  day_of_year int8 := day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  from_march int8 := (5 * day_of_year + 2) / 153;
  month int8 := CASE WHEN from_march < 10 THEN from_march + 3 ELSE from_march - 9 END;
BEGIN
  RETURN ARRAY[
    year_of_era + (shifted / 146097 - 100000) * 400 + (month <= 2)::int4,
    month,
    day_of_year - (153 * from_march + 2) / 5 + 1];
END $$;

-- date_year: date_civil
CREATE FUNCTION pg_temp.date_year(days int4) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
SELECT (pg_temp.date_civil(days))[1] $$;

-- date_month: date_civil
CREATE FUNCTION pg_temp.date_month(days int4) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
SELECT (pg_temp.date_civil(days))[2] $$;

-- date_day: date_civil
CREATE FUNCTION pg_temp.date_day(days int4) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
SELECT (pg_temp.date_civil(days))[3] $$;

-- date_text: date_civil
CREATE FUNCTION pg_temp.date_text(days int4) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  civil int8[] := pg_temp.date_civil(days);
  year text := abs(civil[1])::text;
BEGIN
  RETURN CASE WHEN civil[1] < 0 THEN '-' WHEN civil[1] > 9999 THEN '+' ELSE '' END
    || lpad(year, greatest(4, length(year)), '0')
    || '-' || lpad(civil[2]::text, 2, '0') || '-' || lpad(civil[3]::text, 2, '0');
END $$;

-- time_text
CREATE FUNCTION pg_temp.time_text(micros numeric) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  seconds numeric := div(micros, 1000000);
  hours text := div(seconds, 3600)::text;
BEGIN
  RETURN lpad(hours, greatest(2, length(hours)), '0')
    || ':' || lpad(mod(div(seconds, 60), 60)::text, 2, '0') || ':' || lpad(mod(seconds, 60)::text, 2, '0')
    || '.' || lpad(mod(micros, 1000000)::text, 6, '0');
END $$;

-- duration_text: time_text
CREATE FUNCTION pg_temp.duration_text(micros int8) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN micros < 0 THEN '-' ELSE '' END || pg_temp.time_text(abs(micros::numeric)) $$;

-- timestamp_text: date_text, time_text
CREATE FUNCTION pg_temp.timestamp_text(micros int8) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE days int4 := floor(micros::numeric / 86400000000);
BEGIN
  RETURN pg_temp.date_text(days) || 'T' || pg_temp.time_text(micros::numeric - days * 86400000000::numeric);
END $$;

-- decimal_text
CREATE FUNCTION pg_temp.decimal_text(hundredths int8) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT (hundredths::numeric * 0.01)::numeric(20, 2)::text $$;

-- to_timestamp
CREATE FUNCTION pg_temp.to_timestamp(micros int8) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE days int4 := floor(micros::numeric / 86400000000);
BEGIN
  RETURN '1970-01-01'::timestamp + days * '1 day'::interval
    + (micros::numeric - days * 86400000000::numeric)::float8 * '1 microsecond'::interval;
END $$;

-- to_time
CREATE FUNCTION pg_temp.to_time(micros numeric) RETURNS time LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF micros >= 86400000000 THEN
    RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = format('%s microseconds are no time of a day', micros);
  END IF;
  RETURN '00:00:00'::time + micros::float8 * '1 microsecond'::interval;
END $$;

-- of_timestamp
CREATE FUNCTION pg_temp.of_timestamp(x timestamp) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
SELECT (extract(epoch FROM x) * 1000000)::int8 $$;

-- check_zone
CREATE FUNCTION pg_temp.check_zone(zone text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF zone ~ '^[A-Za-z]' AND zone !~ '[0-9]{2}|^[A-Za-z]+[-+]?[0-9]' OR zone ~ '^(Etc/|UTC$|GMT)' THEN
    PERFORM now() AT TIME ZONE zone;
    RETURN zone;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = format('unknown time zone `%s`', zone);
EXCEPTION WHEN invalid_parameter_value THEN
  RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = format('unknown time zone `%s`', zone);
END $$;

-- ruled_day
CREATE FUNCTION pg_temp.ruled_day(days int8) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN days BETWEEN -292194 AND 292193 THEN days
  WHEN days < 0 THEN mod(mod(days, 146097) + 146097, 146097) - 292194
  ELSE mod(days, 146097) + 146097 END $$;

-- ruled_midnight: of_timestamp
CREATE FUNCTION pg_temp.ruled_midnight(days int8, zone text) RETURNS int8 LANGUAGE plpgsql STABLE AS $$
DECLARE
  local timestamp := '1970-01-01'::timestamp + days * '1 day'::interval;
  later timestamp := (local AT TIME ZONE zone) AT TIME ZONE 'UTC';
  eve timestamp := later - '1 day'::interval;
  earlier timestamp := local - (((eve AT TIME ZONE 'UTC') AT TIME ZONE zone) - eve);
BEGIN
  IF earlier < later AND (earlier AT TIME ZONE 'UTC') AT TIME ZONE zone = local THEN
    RETURN pg_temp.of_timestamp(earlier);
  END IF;
  RETURN pg_temp.of_timestamp(later);
END $$;

-- date_to_timestamp: ruled_day, ruled_midnight, check_zone
CREATE FUNCTION pg_temp.date_to_timestamp(days int4, zone text) RETURNS int8 LANGUAGE plpgsql STABLE AS $$
DECLARE ruled int8 := pg_temp.ruled_day(days);
BEGIN
  RETURN pg_temp.ruled_midnight(ruled, pg_temp.check_zone(zone)) + (days - ruled) * 86400000000;
END $$;

-- timestamp_to_date: ruled_day, to_timestamp, check_zone
CREATE FUNCTION pg_temp.timestamp_to_date(micros int8, zone text) RETURNS int4 LANGUAGE plpgsql STABLE AS $$
DECLARE
  days int8 := floor(micros::numeric / 86400000000);
  ruled int8 := pg_temp.ruled_day(days);
  moment timestamp := pg_temp.to_timestamp(micros - (days - ruled) * 86400000000);
BEGIN
  RETURN ((moment AT TIME ZONE 'UTC') AT TIME ZONE pg_temp.check_zone(zone))::date - '1970-01-01'::date
    + (days - ruled);
END $$;

-- timezone_offset: ruled_day, ruled_midnight, check_zone
CREATE FUNCTION pg_temp.timezone_offset(zone text, days int4) RETURNS int8 LANGUAGE plpgsql STABLE AS $$
DECLARE ruled int8 := pg_temp.ruled_day(days);
BEGIN
  RETURN ruled * 86400000000 - pg_temp.ruled_midnight(ruled, pg_temp.check_zone(zone));
END $$;

-- time_add
CREATE FUNCTION pg_temp.time_add(micros numeric, duration numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
SELECT mod(mod(micros + duration, 86400000000) + 86400000000, 86400000000) $$;

-- compare
CREATE FUNCTION pg_temp.compare(a jsonb, b jsonb, types jsonb, type int4) RETURNS int4
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  node jsonb := types -> type;
  kind text := node ->> 0;
  count int4;
  part int4;
BEGIN
  IF kind = 'n' THEN
    RETURN CASE WHEN a < b THEN 0 WHEN a = b THEN 1 ELSE 2 END;
  ELSIF kind = 's' THEN
    RETURN CASE WHEN (a #>> '{}') COLLATE "C" < (b #>> '{}') COLLATE "C" THEN 0 WHEN a = b THEN 1 ELSE 2 END;
  ELSIF kind = 'f' THEN
    RETURN CASE WHEN (a #>> '{}')::float8 < (b #>> '{}')::float8 THEN 0
      WHEN (a #>> '{}')::float8 = (b #>> '{}')::float8 THEN 1 ELSE 2 END;
  ELSIF kind = 't' THEN
    FOR i IN 1 .. jsonb_array_length(node) - 1 LOOP
      part := pg_temp.compare(a -> (i - 1), b -> (i - 1), types, (node ->> i)::int4);
      IF part <> 1 THEN RETURN part; END IF;
    END LOOP;
    RETURN 1;
  ELSIF kind = 'a' THEN
    count := least(jsonb_array_length(a), jsonb_array_length(b));
    FOR i IN 0 .. count - 1 LOOP
      part := pg_temp.compare(a -> i, b -> i, types, (node ->> 1)::int4);
      IF part <> 1 THEN RETURN part; END IF;
    END LOOP;
    RETURN 1 + sign(jsonb_array_length(a) - jsonb_array_length(b))::int4;
  ELSIF kind = 'e' THEN
    part := 1 + sign((a ->> 0)::int4 - (b ->> 0)::int4)::int4;
    IF part <> 1 OR jsonb_array_length(a) < 2 THEN RETURN part; END IF;
    RETURN pg_temp.compare(a -> 1, b -> 1, types, (node ->> ((a ->> 0)::int4 + 1))::int4);
  END IF;
  IF jsonb_typeof(a) = 'null' OR jsonb_typeof(b) = 'null' THEN
    RETURN 1 + (jsonb_typeof(b) = 'null')::int4 - (jsonb_typeof(a) = 'null')::int4;
  END IF;
  IF kind = 'w' THEN
    RETURN pg_temp.compare(a -> 0, b -> 0, types, (node ->> 1)::int4);
  END IF;
  RETURN pg_temp.compare(a, b, types, (node ->> 1)::int4);
END $$;

-- canonical
CREATE FUNCTION pg_temp.canonical(a jsonb, types jsonb, type int4) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  node jsonb := types -> type;
  kind text := node ->> 0;
  result jsonb := '[]';
BEGIN
  IF kind = 'f' THEN
    -- Equal floats may be written in several ways; 0 is added for the sign of a zero.
    RETURN to_jsonb(((a #>> '{}')::float8 + 0)::text);
  ELSIF kind = 't' THEN
    FOR i IN 1 .. jsonb_array_length(node) - 1 LOOP
      result := result || jsonb_build_array(pg_temp.canonical(a -> (i - 1), types, (node ->> i)::int4));
    END LOOP;
    RETURN result;
  ELSIF kind = 'a' THEN
    FOR i IN 0 .. jsonb_array_length(a) - 1 LOOP
      result := result || jsonb_build_array(pg_temp.canonical(a -> i, types, (node ->> 1)::int4));
    END LOOP;
    RETURN result;
  ELSIF kind = 'e' AND jsonb_array_length(a) > 1 THEN
    RETURN jsonb_build_array(a -> 0,
      pg_temp.canonical(a -> 1, types, (node ->> ((a ->> 0)::int4 + 1))::int4));
  ELSIF kind = 'w' AND jsonb_typeof(a) <> 'null' THEN
    RETURN jsonb_build_array(pg_temp.canonical(a -> 0, types, (node ->> 1)::int4));
  ELSIF kind = 'o' AND jsonb_typeof(a) <> 'null' THEN
    RETURN pg_temp.canonical(a, types, (node ->> 1)::int4);
  END IF;
  RETURN a;
END $$;

-- of_numeric
CREATE FUNCTION pg_temp.of_numeric(x numeric) RETURNS int8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF scale(x) > 2 AND trunc(x, 2) <> x OR x::text IN ('NaN', 'Infinity', '-Infinity') THEN
    RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = format('%s has more than two digits after the point', x);
  END IF;
  RETURN (x * 100)::int8;
END $$;

-- of_interval
CREATE FUNCTION pg_temp.of_interval(x interval) RETURNS int8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF extract(year FROM x) <> 0 OR extract(month FROM x) <> 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = format('%s has months, which have no length', x);
  END IF;
  RETURN (extract(epoch FROM x) * 1000000)::int8;
END $$;

-- to_interval
CREATE FUNCTION pg_temp.to_interval(micros int8) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
SELECT (micros / 1000000)::float8 * '1 second'::interval + (micros % 1000000)::float8 * '1 microsecond'::interval $$;

-- of_json: nul_escape, of_interval, of_numeric
CREATE FUNCTION pg_temp.of_json(value jsonb, types jsonb, type int4, name text, is_inner bool) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  node jsonb := types -> type;
  kind text := node ->> 0;
  names jsonb := node -> 1;
  form text := jsonb_typeof(value);
  words text := CASE WHEN jsonb_typeof(value) NOT IN ('object', 'array') THEN value #>> '{}' END;
  result jsonb := '[]';
  number numeric;
  part jsonb;
BEGIN
  IF kind IN ('option', 'wrapped') THEN
    IF is_inner THEN
      IF value = '"none"'::jsonb THEN
        RETURN 'null';
      ELSIF form = 'object' AND value ? 'some' AND value - 'some' = '{}'::jsonb THEN
        part := value -> 'some';
      END IF;
    ELSIF form = 'null' THEN
      RETURN value;
    ELSE
      part := value;
    END IF;
    IF part IS NOT NULL THEN
      part := pg_temp.of_json(part, types, (node ->> 2)::int4, name, kind = 'wrapped');
      RETURN CASE WHEN kind = 'wrapped' THEN jsonb_build_array(part) ELSE part END;
    END IF;
  ELSIF kind = 'object' AND form = 'object' THEN
    FOR i IN 0 .. jsonb_array_length(names) - 1 LOOP
      part := value -> (names ->> i);
      IF part IS NULL THEN
        IF types -> (node ->> (i + 2))::int4 ->> 0 NOT IN ('option', 'wrapped') THEN
          RAISE EXCEPTION USING ERRCODE = 'LT001',
            MESSAGE = format('the column "%s" holds an object without "%s"', name, names ->> i);
        END IF;
        part := 'null';
      END IF;
      result := result || jsonb_build_array(pg_temp.of_json(part, types, (node ->> (i + 2))::int4, name, false));
    END LOOP;
    RETURN result;
  ELSIF kind IN ('object', 'tuple') AND form = 'array' AND jsonb_array_length(value) = jsonb_array_length(node) - 2 THEN
    FOR i IN 0 .. jsonb_array_length(value) - 1 LOOP
      result := result
        || jsonb_build_array(pg_temp.of_json(value -> i, types, (node ->> (i + 2))::int4, name, false));
    END LOOP;
    RETURN result;
  ELSIF kind = 'tuple' AND jsonb_array_length(node) = 2 AND value = '{}'::jsonb THEN
    RETURN result;
  ELSIF kind = 'array' AND form = 'array' THEN
    SELECT coalesce(jsonb_agg(pg_temp.of_json(v, types, (node ->> 2)::int4, name, false) ORDER BY o), '[]')
      INTO result FROM jsonb_array_elements(value) WITH ORDINALITY AS x(v, o);
    RETURN result;
  ELSIF kind IN ('tag', 'enum') THEN
    FOR i IN 0 .. jsonb_array_length(names) - 1 LOOP
      IF value = names -> i AND (kind = 'tag' OR types -> (node ->> (i + 2))::int4 = '["tuple", []]'::jsonb) THEN
        RETURN CASE WHEN kind = 'tag' THEN to_jsonb(i) ELSE jsonb_build_array(i) END;
      ELSIF form = 'object' AND value ? (names ->> i) AND value - (names ->> i) = '{}'::jsonb THEN
        part := pg_temp.of_json(value -> (names ->> i), types, (node ->> (i + 2))::int4, name, false);
        RETURN CASE WHEN kind = 'tag' THEN to_jsonb(i) WHEN part = '[]'::jsonb
            AND types -> (node ->> (i + 2))::int4 = '["tuple", []]'::jsonb THEN jsonb_build_array(i)
          ELSE jsonb_build_array(i, part) END;
      END IF;
    END LOOP;
  ELSIF kind = 'Bool' AND form = 'boolean' THEN
    RETURN value;
  ELSIF kind = 'Text' AND form = 'string' THEN
    RETURN value;
  ELSIF kind = 'Escaped' AND form = 'string' THEN
    RETURN to_jsonb(pg_temp.nul_escape(words));
  ELSIF kind = 'Float32' AND (form = 'number' OR words IN ('NaN', 'inf', '-inf')) THEN
    RETURN to_jsonb(words::float4::text);
  ELSIF kind = 'Float64' AND (form = 'number' OR words IN ('NaN', 'inf', '-inf')) THEN
    RETURN to_jsonb(words::float8::text);
  ELSIF kind = 'Date' AND form = 'string' THEN
    RETURN to_jsonb(words::date - '1970-01-01'::date);
  ELSIF kind = 'Time' AND form = 'string' THEN
    RETURN to_jsonb(trunc(extract(epoch FROM words::time) * 1000000));
  ELSIF kind = 'Duration' AND form = 'string' THEN
    RETURN to_jsonb(pg_temp.of_interval(words::interval));
  ELSIF kind = 'Timestamp' AND form = 'string' THEN
    RETURN to_jsonb((extract(epoch FROM words::timestamp) * 1000000)::int8);
  ELSIF kind = 'Decimal' AND form IN ('number', 'string') THEN
    RETURN to_jsonb(pg_temp.of_numeric(words::numeric));
  ELSIF form = 'number' AND kind ~ '^(Int|Uint|Prim)' THEN
    number := words::numeric;
    part := substring(kind FROM '[0-9]+$')::jsonb;
    IF trunc(number) = number AND (CASE WHEN kind LIKE 'Int%'
        THEN number BETWEEN - 2::numeric ^ ((part)::int4 - 1) AND 2::numeric ^ ((part)::int4 - 1) - 1
        ELSE number BETWEEN 0 AND 2::numeric ^ (part)::int4 - 1 END) THEN
      RETURN to_jsonb(trunc(number));
    END IF;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'LT001', MESSAGE = format('the column "%s" holds %s where %s is expected',
    name, left(value::text, 100), CASE WHEN kind = 'Escaped' THEN 'Text' ELSE kind END);
END $$;

-- to_json: nul_unescape, date_text, time_text, duration_text, timestamp_text, decimal_text
CREATE FUNCTION pg_temp.to_json(value jsonb, types jsonb, type int4, is_inner bool) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  node jsonb := types -> type;
  kind text := node ->> 0;
  names jsonb := node -> 1;
  words text := CASE WHEN jsonb_typeof(value) NOT IN ('object', 'array') THEN value #>> '{}' END;
  result jsonb;
  part jsonb;
BEGIN
  IF kind IN ('option', 'wrapped') THEN
    IF jsonb_typeof(value) = 'null' THEN
      RETURN CASE WHEN is_inner THEN '"none"'::jsonb ELSE value END;
    END IF;
    part := CASE WHEN kind = 'wrapped' THEN value -> 0 ELSE value END;
    part := pg_temp.to_json(part, types, (node ->> 2)::int4, kind = 'wrapped');
    RETURN CASE WHEN is_inner THEN jsonb_build_object('some', part) ELSE part END;
  ELSIF kind = 'object' THEN
    SELECT jsonb_object_agg(names ->> (o - 1)::int4,
        pg_temp.to_json(v, types, (node ->> (o + 1)::int4)::int4, false))
      INTO result FROM jsonb_array_elements(value) WITH ORDINALITY AS x(v, o);
    RETURN result;
  ELSIF kind IN ('tuple', 'array') THEN
    SELECT coalesce(jsonb_agg(pg_temp.to_json(v, types,
        (node ->> (CASE WHEN kind = 'array' THEN 2 ELSE o + 1 END)::int4)::int4, false) ORDER BY o), '[]')
      INTO result FROM jsonb_array_elements(value) WITH ORDINALITY AS x(v, o);
    RETURN result;
  ELSIF kind = 'tag' THEN
    RETURN names -> words::int4;
  ELSIF kind = 'enum' THEN
    IF jsonb_array_length(value) = 1 THEN RETURN names -> (value ->> 0)::int4; END IF;
    RETURN jsonb_build_object(names ->> (value ->> 0)::int4,
      pg_temp.to_json(value -> 1, types, (node ->> ((value ->> 0)::int4 + 2))::int4, false));
  ELSIF kind = 'Escaped' THEN
    RETURN to_jsonb(pg_temp.nul_unescape(words));
  ELSIF kind IN ('Float32', 'Float64') THEN
    RETURN CASE words::float8 WHEN 'NaN' THEN '"NaN"'::jsonb WHEN 'Infinity' THEN '"inf"' WHEN '-Infinity' THEN '"-inf"'
      ELSE words::jsonb END;
  ELSIF kind = 'Date' THEN
    RETURN to_jsonb(pg_temp.date_text(words::int4));
  ELSIF kind = 'Time' THEN
    RETURN to_jsonb(pg_temp.time_text(words::numeric));
  ELSIF kind = 'Duration' THEN
    RETURN to_jsonb(pg_temp.duration_text(words::int8));
  ELSIF kind = 'Timestamp' THEN
    RETURN to_jsonb(pg_temp.timestamp_text(words::int8));
  ELSIF kind = 'Decimal' THEN
    RETURN to_jsonb(pg_temp.decimal_text(words::int8));
  END IF;
  RETURN value;
END $$;
