-- en: As of a day: opportunities by industry and rating of the customers at the end of 2025, three industries
-- zh: 按指定日期：按客户在 2025 年末的行业与评级，三个行业
with facts as (
  select coalesce(no_customer, nullif(coalesce((select coalesce(x.before_value_string, '') from known_accounts_audit x
                     where x.parent_id = customer_id and x.field_name = 'rating' and x.date_created >= '2025-12-31 16:00:00'
                     order by x.date_created limit 1), rating_now), ''), '@not_given') as rating,
         coalesce(no_customer, nullif(coalesce((select coalesce(x.before_value_string, '') from known_accounts_audit x
                     where x.parent_id = customer_id and x.field_name = 'industry' and x.date_created >= '2025-12-31 16:00:00'
                     order by x.date_created limit 1), industry_now), ''), '@not_given') as industry, outcome from opportunity)
select rating, count(*), sum(outcome = 'won') || '/' || sum(outcome in ('won', 'lost')) as win_rate__fraction
from facts where industry in ('Electronics', 'Machinery', '@not_given')
group by industry, rating
