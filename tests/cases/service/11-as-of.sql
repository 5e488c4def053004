-- en: As of a day: cases by the rating that customers had at the end of 31 March 2026
-- zh: 按指定日期：按客户在 2026 年 3 月 31 日日终的评级
with base as (
  select coalesce(no_customer, nullif(coalesce((select coalesce(x.before_value_string, '') from known_accounts_audit x
                     where x.parent_id = customer_id and x.field_name = 'rating' and x.date_created >= '2026-03-31 16:00:00'
                     order by x.date_created limit 1), rating_now), ''), '@not_given') as rating, minutes_to_close from service_case),
cells as (
  select rating, minutes_to_close from base union all select '*', minutes_to_close from base),
places as (
  select rating, minutes_to_close, row_number() over (partition by rating order by minutes_to_close) as place,
         count(*) over (partition by rating) as n
  from cells where minutes_to_close is not null),
medians as (
  select rating, sum(minutes_to_close) || '/' || count(*) as median
  from places where place in ((n + 1) / 2, (n + 2) / 2) group by 1)
select rating, count(*), median as median__fraction
from cells left join medians using (rating)
group by 1
