-- Fills every table with rows of any kind, so that the planner sees tables of some size: each column by its type, a
-- status by turns with those that partial indexes name, what may be null every other time.
DO $$
DECLARE
    rule record;
    filled record;
BEGIN
    FOR rule IN
        SELECT conrelid::regclass AS owner, conname AS name FROM pg_constraint
        WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.owner, rule.name);
    END LOOP;
    FOR filled IN
        SELECT attrelid::regclass AS name, string_agg(
            CASE WHEN attname = 'status' THEN '(ARRAY[''active'', ''pending'', ''ended''])[1 + n % 3]'
            ELSE format(
                CASE WHEN attnotnull THEN '%s' ELSE 'CASE WHEN n %% 2 = 0 THEN %s END' END,
                CASE atttypid::regtype::text
                    WHEN 'uuid' THEN 'gen_random_uuid()'
                    WHEN 'bytea' THEN 'decode(md5(n::text), ''hex'')'
                    WHEN 'timestamp with time zone' THEN 'now() - n * interval ''1 minute'''
                    WHEN 'boolean' THEN 'n % 2 = 0'
                    WHEN 'jsonb' THEN '''{}'''
                    ELSE format('n::%s', atttypid::regtype)
                END
            ) END,
            ', ' ORDER BY attnum
        ) AS row_values
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
            AND relname !~ '^__diesel'
        GROUP BY attrelid
    LOOP
        EXECUTE format('INSERT INTO %s SELECT %s FROM generate_series(1, 5000) AS n', filled.name, filled.row_values);
    END LOOP;
END
$$;
ANALYZE;
